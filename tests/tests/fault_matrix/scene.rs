//! A world whose functions reach each of the others by a relay.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use connection_events::ConnectionEvents;
use local::aws::Effect;
use shared::{
    function::{Deadline, Environment, Function, invoke},
    records,
};
use tests::{
    answer::Answer,
    soundness::assert_kept,
    world::{CLIENT_ID, CLIENT_SECRET_ID, World},
};

use super::{
    fault::Fault,
    journey::{BUS, Journey},
    relay::{Journal, Relay},
};

/// The services of AWS, by the names that relays and the SDK have for them.
const SERVICES: [(&str, &str); 4] =
    [("DynamoDB", "DynamoDB"), ("EventBridge", "EventBridge"), ("KMS", "KMS"), ("SecretsManager", "Secrets Manager")];
/// The variables that lead to Google.
const OF_GOOGLE: [(&str, &str); 5] = [
    ("GMAIL_BASE_URL", "Gmail"),
    ("GOOGLE_JWKS_URI", "Keys"),
    ("GOOGLE_REVOKE_URI", "Revocation"),
    ("GOOGLE_RISC_CONFIGURATION_URI", "Risc"),
    ("GOOGLE_USERINFO_URI", "UserInfo"),
];
/// How long an invocation may take.
const TIME_LIMIT: Duration = Duration::from_secs(12);
/// How long one try of a call to AWS may take, and all of them: less than in Lambda, so that nobody waits long for what says
/// nothing, and more, so that a busy machine does not count as a fault.
const TRY: Duration = Duration::from_millis(1_500);
const ALL_TRIES: Duration = Duration::from_secs(10);

/// A world, relays to those whom its functions call, and what is asked of them.
pub(super) struct Scene {
    pub(super) world: World,
    pub(super) journal: Arc<Journal>,
    pub(super) asked: String,
    journey: Journey,
    relays: BTreeMap<&'static str, Relay>,
    /// Where the configuration of security events leads on to.
    keys: Arc<Mutex<String>>,
}

/// A function's own instance.
pub(super) enum Subject {
    Http(Box<dyn Function>),
    Records(ConnectionEvents),
}

/// What came of a request: its status, and what kind of problem it is.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Outcome {
    pub(super) status: u16,
    pub(super) code: String,
}

impl Scene {
    /// A scene in which all is as the journey finds it.
    pub(super) async fn start(journey: Journey) -> Self {
        let world = World::start().await;
        let journal = Arc::new(Journal::default());
        let mut relays = BTreeMap::new();
        for (host, _) in SERVICES {
            relays.insert(host, Relay::to(host, &world.aws.endpoint(), &journal).await);
        }
        for host in ["Gmail", "Keys", "Revocation", "Token", "UserInfo"] {
            relays.insert(host, Relay::to(host, world.google.origin(), &journal).await);
        }
        let keys = Arc::<Mutex<String>>::default();
        let leads_on = Some((world.google.origin().to_owned(), keys.clone()));
        relays.insert("Risc", Relay::replacing("Risc", world.google.origin(), &journal, leads_on).await);
        let asked = journey.prepare(&world).await;
        Self { world, journal, asked, journey, relays, keys }
    }

    /// A new instance of the function; a host may be one that cannot be reached at all.
    pub(super) async fn subject(&self, lost: Option<(&str, &Fault)>) -> Subject {
        let origin = |host: &str| self.origin(host, lost);
        *self.keys.lock().unwrap() = origin("Keys");
        let mut file = self.world.google.client_secret_file(CLIENT_ID).unwrap();
        file["web"]["token_uri"] = format!("{}/token", origin("Token")).into();
        self.world.aws.secrets().put(CLIENT_SECRET_ID, &file.to_string()).unwrap();
        let mut variables = vec![("EVENT_BUS_NAME", BUS.to_owned())];
        for (name, host) in OF_GOOGLE {
            let value = &self.world.variables()[name];
            variables.push((name, value.replace(self.world.google.origin(), &origin(host))));
        }
        let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let environment = self.world.environment(self.journey.function(), &variables);
        let endpoints = Endpoints(SERVICES.iter().map(|(host, service)| (*service, origin(host))).collect());
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(TRY).operation_timeout(ALL_TRIES).build();
        let mut aws = environment.aws.into_builder().service_config(endpoints).timeout_config(timeouts);
        aws.set_endpoint_url(None);
        connect(self.journey.function(), Environment { aws: aws.build(), ..environment }).await
    }

    fn origin(&self, host: &str, lost: Option<(&str, &Fault)>) -> String {
        let relay = &self.relays[host];
        match lost.filter(|(name, _)| *name == host) {
            // Port 9 is «discard», which nobody serves.
            Some((_, Fault::Refused)) => "http://localhost:9".to_owned(),
            Some((_, Fault::NoSuchName)) => "https://nowhere.invalid".to_owned(),
            Some((_, Fault::NoTls)) => relay.origin_with_tls(),
            _ => relay.origin(),
        }
    }

    /// Asks an instance the same once more, as soon as all is well; where a code was used up, what comes back from a further
    /// consent, and where nobody is asked for a while, after that.
    pub(super) async fn ask_again(&self, subject: &Subject) -> Outcome {
        if self.journey.function() == "security-events" {
            self.world.clock.advance(Duration::from_secs(11));
        }
        let event = if self.journey.is_used_up() { self.journey.again(&self.world).await } else { self.asked.clone() };
        subject.ask(&event).await
    }

    /// Asks an instance.
    pub(super) async fn ask(&self, subject: &Subject) -> Outcome {
        subject.ask(&self.asked).await
    }
}

async fn connect(function: &str, environment: Environment) -> Subject {
    Subject::Http(match function {
        "authorize-url" => Box::new(authorize_url::AuthorizeUrl::connect(environment).await.unwrap()),
        "callback" => Box::new(callback::Callback::connect(environment).await.unwrap()),
        "list-messages" => Box::new(list_messages::ListMessages::connect(environment).await.unwrap()),
        "connection" => Box::new(connection::ConnectionFunction::connect(environment).await.unwrap()),
        "security-events" => Box::new(security_events::SecurityEvents::connect(environment).await.unwrap()),
        _ => return Subject::Records(ConnectionEvents::connect(environment).await.unwrap()),
    })
}

impl Subject {
    /// The answer to an event, which has to come in time.
    pub(super) async fn ask(&self, event: &str) -> Outcome {
        let deadline = Deadline::after(TIME_LIMIT);
        let asked = tokio::time::timeout(TIME_LIMIT + Duration::from_secs(2), self.answer(event, deadline));
        asked.await.unwrap_or_else(|_| panic!("no answer within the time limit"))
    }

    async fn answer(&self, event: &str, deadline: Deadline) -> Outcome {
        match self {
            Self::Http(function) => {
                let response = invoke(&**function, event, deadline).await;
                let answer = Answer::read(serde_json::to_value(response).unwrap()).unwrap();
                assert_kept(function.name(), event, &answer);
                Outcome::of(&answer)
            }
            Self::Records(function) => {
                let answer = records::invoke(function, event, deadline).await;
                let code = if answer.contains("itemIdentifier") { "delivered_again" } else { "ok" };
                Outcome { status: 200, code: code.to_owned() }
            }
        }
    }
}

impl Outcome {
    fn of(answer: &Answer) -> Self {
        let json = answer.json().unwrap_or_default();
        let code = ["code", "err"].iter().find_map(|name| json[*name].as_str()).unwrap_or("ok");
        Self { status: answer.status(), code: code.to_owned() }
    }
}

/// The endpoints of AWS's services.
#[derive(Debug)]
struct Endpoints(BTreeMap<&'static str, String>);

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        (key.env() == "AWS_ENDPOINT_URL").then(|| self.0.get(key.service_id()).cloned())?
    }
}

/// Makes the SDK read the secrets one by one.
pub(super) fn without_batches(world: &World) {
    let denied = Effect::Error { code: "AccessDeniedException".to_owned() };
    world.aws.faults().fail("SecretsManager.BatchGetSecretValue", local::aws::AwsFault::always(denied));
}
