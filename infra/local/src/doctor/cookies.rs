//! Whether the API's cookies work on its domain, and reach it from the applications.

use shared::domain::origin::Origin;

use super::{
    Setup,
    finding::{Check, Finding},
    site::{self, Kind},
};

const CHECK: Check = Check("cookies");

pub(super) fn examine(setup: &Setup<'_>) -> Vec<Finding> {
    match setup.origin() {
        Some(origin) => findings(origin, &setup.configuration.allowed_return_origins),
        None => vec![CHECK.skipped("Where the API is reached is not known.", "Give --url, or set PUBLIC_BASE_URL.")],
    }
}

fn findings(origin: &Origin, applications: &[Origin]) -> Vec<Finding> {
    let mut findings = vec![domain(origin)];
    findings.extend(execute_api(origin));
    findings.extend(applications.iter().map(|application| reach(origin, application)));
    findings
}

/// Whether browsers keep cookies there. An origin is https, or http on this machine; there is no other.
fn domain(origin: &Origin) -> Finding {
    let Some(url) = site::url(origin) else { return CHECK.problem(format!("{origin} is no address."), "Correct it.") };
    match Kind::of(&url) {
        Kind::PublicSuffix => CHECK.problem(
            format!("{origin} is itself a public suffix: no application can be of the same site."),
            "Give the API a name below a domain of your own.",
        ),
        Kind::Address | Kind::NoPublicSuffix => CHECK.warning(
            format!("Browsers keep cookies of {origin}, but Google sends nobody back to such a host."),
            "Give the API a name below a domain of your own.",
        ),
        Kind::Loopback | Kind::Registrable => CHECK.ok(format!("Browsers keep the cookies of {origin}.")),
    }
}

fn execute_api(origin: &Origin) -> Option<Finding> {
    let url = site::url(origin)?;
    let host = url.host_str()?;
    let is_own =
        host.contains(".execute-api.") && (host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn"));
    is_own.then(|| {
        CHECK.warning(
            format!(
                "{host} is a host name of API Gateway's own, which Google takes neither as an authorized domain nor as \
                     the endpoint of security events."
            ),
            "Give the API a custom domain.",
        )
    })
}

fn reach(origin: &Origin, application: &Origin) -> Finding {
    let same_site =
        site::url(origin).zip(site::url(application)).is_some_and(|(one, other)| site::is_same_site(&one, &other));
    if same_site {
        return CHECK.ok(format!("{application} is of the same site as the API."));
    }
    CHECK.warning(
        format!(
            "{application} is of another site than {origin}: it can send browsers to the API, but the session's cookie \
             does not go with its own requests (SameSite=Lax)."
        ),
        "Give both names below one domain, or let the application's backend call the API with a signature of AWS IAM.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;

    fn statuses(origin: &str, applications: &[&str]) -> Vec<Status> {
        let applications: Vec<_> = applications.iter().map(|it| Origin::parse(it).unwrap()).collect();
        findings(&Origin::parse(origin).unwrap(), &applications).iter().map(|it| it.status).collect()
    }

    #[test]
    fn a_name_of_ones_own_and_this_machine_are_good() {
        assert_eq!(statuses("https://mail.example.com", &["https://app.example.com"]), [Status::Ok, Status::Ok]);
        assert_eq!(statuses("http://localhost:8787", &["http://localhost:3000"]), [Status::Ok, Status::Ok]);
    }

    #[test]
    fn an_application_of_another_site_is_warned_of() {
        let found = statuses("https://mail.example.com", &["https://app.example.org", "http://localhost:3000"]);
        assert_eq!(found, [Status::Ok, Status::Warning, Status::Warning]);
    }

    #[test]
    fn hosts_that_cannot_serve_are_told() {
        assert_eq!(statuses("https://co.uk", &[]), [Status::Problem]);
        assert_eq!(statuses("https://192.0.2.1", &[]), [Status::Warning]);
        assert_eq!(statuses("https://mail.internal", &[]), [Status::Warning]);
    }

    #[test]
    fn api_gateways_own_host_is_warned_of() {
        let origin = Origin::parse("https://abc123.execute-api.eu-central-1.amazonaws.com").unwrap();
        let warning = execute_api(&origin).unwrap();
        assert!(warning.remedy.unwrap().contains("custom domain"));
        assert_eq!(execute_api(&Origin::parse("https://execute-api.example.com").unwrap()), None);
    }
}
