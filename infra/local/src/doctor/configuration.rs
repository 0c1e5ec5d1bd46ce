//! The functions' variables, as the functions' own readers read them; here each may be left out.

use shared::{
    config::{BadVariable, Browsers, Deployment, GoogleEndpoints, Storage, Variables},
    domain::origin::Origin,
};

use super::{
    Inputs,
    finding::{Check, Finding},
};

const CHECK: Check = Check("variables");

/// The variables that name something at AWS. Each function requires some; the doctor requires none.
pub const AWS_VARIABLES: [&str; 4] =
    ["CLIENT_SECRET_ID", "COOKIE_KEY_SECRET_ID", "CONNECTIONS_TABLE", "TOKEN_KMS_KEY_ID"];

type Lookup<'a> = &'a (dyn Fn(&str) -> Option<String> + Send + Sync);

/// What the variables say, as far as they are set and right.
#[derive(Debug, Default)]
pub(super) struct Configuration {
    pub(super) client_secret_id: Option<String>,
    pub(super) cookie_key_secret_id: Option<String>,
    pub(super) table: Option<String>,
    pub(super) kms_key_id: Option<String>,
    pub(super) public_origin: Option<Origin>,
    pub(super) allowed_return_origins: Vec<Origin>,
    pub(super) google: Option<GoogleEndpoints>,
    /// The bus that is told what happens to connections.
    pub(super) event_bus: Option<String>,
    bad: Vec<BadVariable>,
}

impl Configuration {
    pub(super) fn read(lookup: Lookup<'_>) -> Self {
        let complete = |name: &str| {
            let given = lookup(name).filter(|value| !value.trim().is_empty());
            given.or_else(|| AWS_VARIABLES.contains(&name).then(|| "left out".to_owned()))
        };
        let look = |name: &str| lookup(name);
        let (complete, variables) = (Variables::new(&complete), Variables::new(&look));
        let mut bad = Vec::new();
        let (deployment, browsers) = (Deployment::read(&complete), Browsers::read(&complete));
        let (deployment, browsers) = (good(deployment, &mut bad), good(browsers, &mut bad));
        good(Storage::read(&complete), &mut bad);
        Self {
            client_secret_id: variables.optional("CLIENT_SECRET_ID"),
            cookie_key_secret_id: variables.optional("COOKIE_KEY_SECRET_ID"),
            table: variables.optional("CONNECTIONS_TABLE"),
            kms_key_id: variables.optional("TOKEN_KMS_KEY_ID"),
            public_origin: deployment.and_then(|it| it.public_origin),
            allowed_return_origins: browsers.map(|it| it.allowed_return_origins).unwrap_or_default(),
            google: good(GoogleEndpoints::read(&complete), &mut bad),
            event_bus: variables.optional("EVENT_BUS_NAME"),
            bad,
        }
    }

    /// What is wrong with the variables themselves.
    pub(super) fn examine(&self, inputs: &Inputs) -> Vec<Finding> {
        let mut findings: Vec<_> = self.bad.iter().map(bad_finding).collect();
        findings.extend(self.other_origin(inputs));
        if findings.is_empty() {
            findings.push(self.summary());
        }
        findings
    }

    fn other_origin(&self, inputs: &Inputs) -> Option<Finding> {
        let (url, public) = (inputs.url.as_ref()?, self.public_origin.as_ref()?);
        (url != public).then(|| {
            CHECK.warning(
                format!("PUBLIC_BASE_URL is {public}, and --url is {url}."),
                "Google sends browsers back to PUBLIC_BASE_URL: let both be the address that browsers use.",
            )
        })
    }

    fn summary(&self) -> Finding {
        let given = [&self.client_secret_id, &self.cookie_key_secret_id, &self.table, &self.kms_key_id];
        if given.iter().all(|it| it.is_none()) {
            return CHECK
                .skipped("The functions' variables are not set.", format!("Set {}.", AWS_VARIABLES.join(", ")));
        }
        CHECK.ok("The functions' variables that are set can be used.")
    }
}

/// What was read; of each bad variable, the first thing that was wrong with it is kept.
fn good<T>(read: Result<T, BadVariable>, bad: &mut Vec<BadVariable>) -> Option<T> {
    read.map_err(|it| {
        if !bad.iter().any(|other| other.name == it.name) {
            bad.push(it);
        }
    })
    .ok()
}

fn bad_finding(bad: &BadVariable) -> Finding {
    CHECK.problem(
        format!("{} {}.", bad.name, bad.problem),
        "Correct it; the functions that read it do not start with it.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&'static str, &'static str)]) -> Configuration {
        let variables = variables.to_vec();
        Configuration::read(&move |name| {
            variables.iter().find(|(of, _)| *of == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn each_variable_may_be_left_out() {
        let configuration = read(&[("CONNECTIONS_TABLE", "connections"), ("COOKIE_KEY_SECRET_ID", " ")]);
        assert!(configuration.bad.is_empty());
        assert_eq!(configuration.table.as_deref(), Some("connections"));
        assert_eq!((configuration.client_secret_id, configuration.cookie_key_secret_id), (None, None));
        assert!(configuration.google.is_some());
    }

    #[test]
    fn a_bad_variable_does_not_hide_the_others() {
        let configuration = read(&[
            ("PUBLIC_BASE_URL", "http://mail.example.com"),
            ("ALLOWED_RETURN_ORIGINS", "https://app.example.com"),
            ("GOOGLE_RISC_CONFIGURATION_URI", "certs"),
        ]);
        let names: Vec<_> = configuration.bad.iter().map(|it| it.name).collect();
        assert_eq!(names, ["PUBLIC_BASE_URL", "GOOGLE_RISC_CONFIGURATION_URI"]);
        assert_eq!(configuration.allowed_return_origins.len(), 1);
    }
}
