//! Components (部件): register, find, change, and the identity card (身份证) of each. What may happen to one is
//! decided by [`city::component`]; here it is loaded, decided, saved and put on the map.

mod batch;
mod card;
mod change;
mod list;
mod open;
mod select;
mod write;

pub use batch::{BatchIn, BatchRefused, ComponentBatchView};
pub use card::{
    AttributeView, ChoiceView, ComponentCases, ComponentView, DocumentView, FieldView, HistoryChange,
    HistoryView, RelationView, SeenView,
};
pub use change::{
    BodyIn, ChangeIn, ComponentStepIn, ComponentStepRequest, DocumentIn, RegisterIn, RelationIn,
};
pub use list::{ComponentLine, ComponentPage, ComponentQuery, ComponentSummary, SummaryRow};
pub use open::PublicComponentView;
pub use select::Select;

pub(crate) use card::officer_of;
pub(crate) use change::{parse_place, parse_state};
pub(crate) use list::component_line;
pub(crate) use select::Selected;
pub(crate) use write::{Draft, problems_of, read, sequence_of};
