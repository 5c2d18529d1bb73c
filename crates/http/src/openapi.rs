//! The OpenAPI document: what every operation has in common is written here once.

use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    Components, ContentBuilder, Header, Info, LicenseBuilder, OpenApi, Ref, RefOr, Required, Response,
    ResponseBuilder, Schema,
};
use utoipa::{PartialSchema, ToSchema};

/// Every problem an operation may answer with: status, name, when.
const PROBLEMS: &[(&str, &str, &str)] = &[
    ("400", "BadRequest", "The request cannot be read."),
    ("401", "NotSignedIn", "Not signed in, or the credentials are wrong."),
    (
        "403",
        "Forbidden",
        "The caller's role, area or department is why not; or the header `x-yiwang` is missing.",
    ),
    ("404", "NotFound", "Not there, or hidden from the caller."),
    ("405", "MethodNotAllowed", "The address does not take this method."),
    ("409", "Refused", "The city's rules say no; `code` says which, `detail` what would make it possible."),
    ("412", "Stale", "Someone else changed it since the version given."),
    ("413", "TooLarge", "The body is too large."),
    ("415", "UnsupportedMediaType", "The body's content type is not taken."),
    ("422", "Invalid", "Fields are not valid; `errors` names each."),
    ("423", "Locked", "The account is locked."),
    ("428", "VersionMissing", "Neither `If-Match` nor `If-None-Match` was sent."),
    ("429", "TooManyRequests", "Too often; `Retry-After` says when to come back."),
    ("500", "Failed", "The server failed; `trace_id` finds it in the log."),
    ("502", "ProviderUnavailable", "An outside service cannot be reached."),
    ("503", "Busy", "Nothing was done; try again."),
];

/// Completes the document the routes made.
#[must_use]
pub fn complete(mut document: OpenApi) -> OpenApi {
    document.info = Info::new("Yiwang", env!("CARGO_PKG_VERSION"));
    document.info.description = Some(
        "Case handling of a city (案件闭环). Times are epoch milliseconds; identities larger than 32 bits are strings. \
         Every error is a problem document (RFC 9457) in the caller's language."
            .to_owned(),
    );
    document.info.license =
        Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build());
    let components = document.components.get_or_insert_with(Components::new);
    describe_problems(components);
    describe_security(components);
    for (path, item) in &mut document.paths.paths {
        let operations =
            [(&mut item.get, false), (&mut item.post, true), (&mut item.put, true), (&mut item.delete, true)];
        for (operation, writes) in operations {
            if let Some(operation) = operation {
                complete_operation(path, operation, writes);
            }
        }
    }
    document
}

fn describe_problems(components: &mut Components) {
    let mut schemas = Vec::new();
    crate::error::Problem::schemas(&mut schemas);
    schemas.push((crate::error::Problem::name().into_owned(), crate::error::Problem::schema()));
    components.schemas.extend(schemas);
    for (status, name, text) in PROBLEMS {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let mut response =
            ResponseBuilder::new().description(*text).content("application/problem+json", content);
        if *status == "429" || *status == "503" {
            let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).build();
            response = response.header("retry-after", Header::new(seconds));
        }
        components.responses.insert((*name).to_owned(), RefOr::T(response.build()));
    }
}

fn describe_security(components: &mut Components) {
    let cookie = ApiKeyValue::with_description(crate::caller::COOKIE, "Set by signing in.");
    let csrf = ApiKeyValue::with_description(
        "x-yiwang",
        "Any value, with writes by cookie: shows that a page of ours asks.",
    );
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An API token.")).build();
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    components.add_security_scheme("csrf", SecurityScheme::ApiKey(ApiKey::Header(csrf)));
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
}

/// Operations for people without account.
fn is_open(path: &str, writes: bool) -> bool {
    path.starts_with("/api/public/")
        || path.starts_with("/open311/")
        || path.starts_with("/api/oidc/")
        || path == "/api/login-options"
        || path == "/healthz"
        || (path == "/api/session" && writes)
}

fn complete_operation(path: &str, operation: &mut Operation, writes: bool) {
    // Signing out needs a session; signing in, at the same address, cannot.
    let signs_out = operation.operation_id.as_deref() == Some("log_out");
    let open = is_open(path, writes) && !signs_out;
    if open {
        if path != "/healthz" {
            operation.parameters.get_or_insert_default().push(RefOr::T(city_parameter()));
        }
    } else {
        let by_cookie = SecurityRequirement::new::<_, [String; 0], String>("session", []);
        let by_cookie = if writes { by_cookie.add::<_, [String; 0], String>("csrf", []) } else { by_cookie };
        let by_token = SecurityRequirement::new::<_, [String; 0], String>("bearer", []);
        operation.security = Some(vec![by_cookie, by_token]);
    }
    // Open311 has errors of its own shape; a photo is a plain file of ours.
    let foreign = path.starts_with("/open311/") && !path.starts_with("/open311/v2/media/");
    if foreign || path == "/healthz" {
        return;
    }
    if path.starts_with("/ogc") {
        // The standard wants 400 for whatever is wrong with a parameter.
        let known = &mut operation.responses.responses;
        for name in
            ["BadRequest", "NotSignedIn", "Forbidden", "NotFound", "TooManyRequests", "Failed", "Busy"]
        {
            if let Some((status, ..)) = PROBLEMS.iter().find(|(_, own, _)| *own == name) {
                known
                    .entry((*status).to_owned())
                    .or_insert_with(|| RefOr::Ref(Ref::from_response_name(name)));
            }
        }
        return;
    }
    let mut statuses = vec!["404", "429", "500", "503"];
    if !open {
        statuses.extend(["401", "403"]);
    }
    if operation.request_body.is_some() {
        statuses.extend(["400", "413", "415", "422"]);
    }
    if writes {
        statuses.extend(["409", "412"]);
    }
    if operation.parameters.as_ref().is_some_and(|list| !list.is_empty()) {
        statuses.push("422");
    }
    let conditional =
        |one: &RefOr<Parameter>| matches!(one, RefOr::T(one) if one.name.eq_ignore_ascii_case("if-match"));
    if operation.parameters.iter().flatten().any(conditional) {
        statuses.push("428");
    }
    match operation.operation_id.as_deref() {
        Some("log_in") => statuses.extend(["401", "423"]),
        Some("change_password") => statuses.push("423"),
        Some("start" | "back") => statuses.extend(["401", "502"]),
        Some("public_report" | "me_too") => statuses.push("403"),
        _ => {}
    }
    for (status, name, _) in PROBLEMS.iter().filter(|(status, ..)| statuses.contains(status)) {
        let known = &mut operation.responses.responses;
        known
            .entry((*status).to_owned())
            .or_insert_with(|| RefOr::<Response>::Ref(Ref::from_response_name(*name)));
    }
}

fn city_parameter() -> Parameter {
    let schema = ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .pattern(Some("^[1-9][0-9]{5}$"))
        .description(Some("Six-digit code of the city; the first one when left out."))
        .build();
    ParameterBuilder::new()
        .name("x-city")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .schema(Some(Schema::Object(schema)))
        .build()
}
