//! What the public sees of a component after scanning its code: enough to know it is this one, and to report it.

use super::change::state_word;
use super::write;
use crate::app::App;
use crate::error::AppError;
use crate::view::{ClassView, Words};
use city::component::State;
use kernel::CityCode;
use serde::Serialize;
use utoipa::ToSchema;

/// No personal data, no bodies' codes, no history.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PublicComponentView {
    pub code: String,
    pub name: String,
    pub class: ClassView,
    /// `intact`, `damaged`, `lost`, `abandoned` or `removed`; a removed one cannot be reported.
    pub state: String,
    pub lng: Option<f64>,
    pub lat: Option<f64>,
    /// Street and community.
    pub address: String,
    /// Name of the department a report would go to.
    pub department: Option<Words>,
}

impl App {
    /// The public card of a component.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for an unknown code.
    pub async fn public_component(
        &self,
        city: CityCode,
        code: &str,
    ) -> Result<PublicComponentView, AppError> {
        let config = self.config(city)?;
        let component = write::read(&self.component_row(city, code).await?)?;
        let anchor = component.place.anchor();
        let department = self.department_for(&config, &component);
        let class = &component.code.class;
        Ok(PublicComponentView {
            code: component.code.to_string(),
            class: ClassView { key: class.to_string(), name: config.class_name(class) },
            state: state_word(component.state).to_owned(),
            lng: anchor.map(|point| point.lng()),
            lat: anchor.map(|point| point.lat()),
            address: format!("{}{}", component.street_name, component.community_name),
            department: department.map(|id| config.department_name(id)),
            name: component.name,
        })
    }

    /// What a report on a component may leave out: its class and place.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for a code that is not registered, or of a component that was removed.
    pub(crate) async fn reported_component(
        &self,
        city: CityCode,
        code: &str,
    ) -> Result<PublicComponentView, AppError> {
        match self.public_component(city, code).await {
            Ok(view) if view.state == state_word(State::Removed) => {
                Err(AppError::invalid("component", "removed"))
            }
            Ok(view) => Ok(view),
            Err(AppError::NotFound(_)) => Err(AppError::invalid("component", "unknown_component")),
            Err(other) => Err(other),
        }
    }
}
