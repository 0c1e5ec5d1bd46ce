//! The real binaries with exactly the environment, the table, the key and the secrets that a deployment made, through
//! the life of a connection: connect, list, look, hear of a revocation, disconnect.
//!
//! It wants a deployment with a bus at an AWS emulator: `DEPLOYED_FUNCTIONS` names a file with the variables of each deployed
//! function, `DEPLOYED_ENDPOINT` is where the emulator listens, and `DEPLOYED_BINARIES` the folder with
//! `<function>/bootstrap`, as `cargo lambda build` leaves it; without that, debug binaries run.

#[cfg(test)]
mod deployed {
    use std::{collections::BTreeMap, env, fs, sync::Arc};

    use local::google::{Account, Decision, EmulatedGoogle, OAuthClient, Options};
    use serde_json::{Value, json};
    use shared::domain::{
        random::SystemRandomness,
        time::{Clock, SystemClock},
    };
    use tests::{
        PATIENCE,
        answer::Answer,
        binaries::workspace,
        cookie_jar::CookieJar,
        event::{DOMAIN_NAME, Event},
        http_client::http_client,
        runtime_api::FunctionProcess,
        security_event::{about, post, uri},
        soundness::assert_kept,
        world::{ANNA, CLIENT_ID},
    };
    use tokio::net::TcpListener;
    use url::Url;

    const REGION: &str = "eu-central-1";
    const KEY_ID: &str = "AKIADEPLOYED00000000";
    const KEY: &str = "the-emulator-does-not-look";
    const MAILBOX: usize = 30;

    type Variables = BTreeMap<String, String>;

    /// What a deployment made, with Google beside it.
    struct Deployment {
        functions: BTreeMap<String, Variables>,
        endpoint: String,
        google: EmulatedGoogle,
        browser: CookieJar,
        processes: BTreeMap<String, FunctionProcess>,
    }

    fn variable(name: &str) -> String {
        env::var(name).unwrap_or_else(|_| panic!("{name} is not set: see the top of this file"))
    }

    /// A Google that knows the deployment's redirect URI.
    async fn google() -> EmulatedGoogle {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let google = EmulatedGoogle::new(Options {
            origin: format!("http://localhost:{}", listener.local_addr().unwrap().port()),
            clients: vec![OAuthClient {
                client_id: CLIENT_ID.to_owned(),
                client_secret: "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".to_owned(),
                redirect_uris: vec![format!("https://{DOMAIN_NAME}/callback")],
            }],
            accounts: Account::samples(MAILBOX),
            testing: false,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandomness::default()),
        });
        let google = google.unwrap();
        let router = google.router();
        tokio::spawn(async { axum::serve(listener, router).await });
        google
    }

    impl Deployment {
        async fn find() -> Self {
            let file = fs::read(workspace().join(variable("DEPLOYED_FUNCTIONS"))).unwrap();
            let functions = serde_json::from_slice(&file).unwrap();
            let (endpoint, google) = (variable("DEPLOYED_ENDPOINT"), google().await);
            Self { functions, endpoint, google, browser: CookieJar::default(), processes: BTreeMap::new() }
        }

        /// What leads a function to the emulators; all else is the deployment's.
        fn endpoints(&self) -> [(String, String); 9] {
            let google = self.google.origin();
            [
                ("AWS_ENDPOINT_URL", self.endpoint.clone()),
                ("AWS_REGION", REGION.to_owned()),
                ("AWS_ACCESS_KEY_ID", KEY_ID.to_owned()),
                ("AWS_SECRET_ACCESS_KEY", KEY.to_owned()),
                ("GMAIL_BASE_URL", google.to_owned()),
                ("GOOGLE_JWKS_URI", format!("{google}/oauth2/v3/certs")),
                ("GOOGLE_USERINFO_URI", format!("{google}/v1/userinfo")),
                ("GOOGLE_REVOKE_URI", format!("{google}/revoke")),
                ("GOOGLE_RISC_CONFIGURATION_URI", format!("{google}/.well-known/risc-configuration")),
            ]
            .map(|(name, value)| (name.to_owned(), value))
        }

        /// Does what the deployment's output says: puts the downloaded file into the client secret.
        async fn put_client_secret(&self) {
            let file = self.google.client_secret_file(CLIENT_ID).unwrap().to_string();
            let id = &self.functions["authorize-url"]["CLIENT_SECRET_ID"];
            let scope = format!("{KEY_ID}/20261122/{REGION}/secretsmanager/aws4_request");
            let request = http_client()
                .unwrap()
                .post(&self.endpoint)
                .header("x-amz-target", "secretsmanager.PutSecretValue")
                .header("content-type", "application/x-amz-json-1.1")
                .header(
                    "authorization",
                    format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"),
                )
                .body(json!({ "SecretId": id, "SecretString": file }).to_string());
            let answer = request.send().await.unwrap();
            assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
        }

        /// Has a function answer any event, in the one process of it that there is.
        async fn invoke(&mut self, function: &str, event: &Value) -> Value {
            if !self.processes.contains_key(function) {
                let mut variables = self.functions[function].clone();
                variables.insert("AWS_LAMBDA_FUNCTION_NAME".to_owned(), format!("gmail-connect-{function}"));
                variables.extend(self.endpoints());
                let process = start(function, &variables).await;
                self.processes.insert(function.to_owned(), process);
            }
            let process = &self.processes[function];
            let answer = process.invoke(event, PATIENCE).await;
            answer.unwrap_or_else(|error| panic!("{function}: {error}\n{}", process.output()))
        }

        /// Sends a request, with the browser's cookies unless it is a backend's.
        async fn send(&mut self, function: &str, event: Event) -> Answer {
            let event = event.json();
            let answer = Answer::read(self.invoke(function, &event).await).unwrap();
            assert_kept(function, &event.to_string(), &answer);
            self.browser.apply(answer.cookies());
            answer
        }

        async fn browse(&mut self, function: &str, event: Event) -> Answer {
            let cookies = self.browser.cookies();
            self.send(function, event.cookies(cookies)).await
        }
    }

    /// What the functions said, where a test fails.
    impl Drop for Deployment {
        fn drop(&mut self) {
            if std::thread::panicking() {
                let outputs = self.processes.values().map(FunctionProcess::output);
                eprintln!("{}", outputs.collect::<String>());
            }
        }
    }

    /// The built artifact; a debug binary where there is none.
    async fn start(function: &str, variables: &Variables) -> FunctionProcess {
        match env::var("DEPLOYED_BINARIES") {
            Err(_) => FunctionProcess::of(function, variables).await,
            Ok(folder) => {
                let path = workspace().join(folder).join(function).join("bootstrap");
                FunctionProcess::start(&path, variables).await.unwrap()
            }
        }
    }

    #[track_caller]
    fn body(answer: &Answer, status: u16) -> Value {
        assert_eq!(answer.status(), status, "{}", answer.body());
        answer.json().unwrap()
    }

    /// Connects Anna's account, and gives her id.
    async fn connect(deployment: &mut Deployment) -> String {
        let begun = body(&deployment.browse("authorize-url", Event::get("/authorize-url")).await, 200);
        let back = deployment.google.consent(begun["authorization_url"].as_str().unwrap(), &Decision::all(ANNA));
        let back = Url::parse(&back.unwrap()).unwrap();
        assert_eq!((back.host_str(), back.path()), (Some(DOMAIN_NAME), "/callback"));
        let event = Event::get("/callback").query(back.query().unwrap()).header("accept", "application/json");
        let connected = body(&deployment.browse("callback", event).await, 200);
        assert_eq!(connected["email"], ANNA);
        connected["user_id"].as_str().unwrap().to_owned()
    }

    async fn assert_lists(deployment: &mut Deployment, user: &str) {
        let own = body(&deployment.browse("list-messages", Event::get("/messages")).await, 200);
        assert_eq!(own["messages"].as_array().unwrap().len(), MAILBOX);
        let whole = Event::get(&format!("/users/{user}/messages")).query("format=full&maxResults=2").iam();
        let whole = body(&deployment.send("list-messages", whole).await, 200);
        assert!(whole["messages"][1]["payload"].is_object() && whole.get("errors").is_none(), "{whole}");
    }

    async fn status(deployment: &mut Deployment, user: &str) -> Value {
        let known = Event::get(&format!("/users/{user}/connection")).iam();
        let known = body(&deployment.send("connection", known).await, 200);
        let listed = body(&deployment.send("connection", Event::get("/users").iam()).await, 200);
        assert_eq!((&listed["users"][0]["user_id"], &listed["users"][0]["status"]), (&json!(user), &known["status"]));
        known
    }

    /// Google says that the user has withdrawn the access.
    async fn withdraw(deployment: &mut Deployment, user: &str) {
        deployment.google.revoke(user);
        let now = SystemClock.now().unix_millis() / 1000;
        let token = deployment.google.security_event(&json!({
            "iss": "https://accounts.google.com/",
            "aud": CLIENT_ID,
            "iat": now,
            "jti": format!("deployed-{now}"),
            "events": { (uri("oauth", "tokens-revoked")): about(ANNA) },
        }));
        let answer = deployment.send("security-events", post(&token)).await;
        assert_eq!(answer.status(), 202, "{}", answer.body());
    }

    #[tokio::test]
    #[ignore = "wants a deployment at an AWS emulator: see the top of this file"]
    async fn a_deployment_takes_a_connection_through_its_life() {
        let mut deployment = Deployment::find().await;
        let early = deployment.browse("authorize-url", Event::get("/authorize-url")).await;
        assert_eq!(body(&early, 500)["code"], "misconfigured", "the client secret has no value yet");
        deployment.put_client_secret().await;

        let user = connect(&mut deployment).await;
        assert_lists(&mut deployment, &user).await;
        assert_eq!(status(&mut deployment, &user).await["status"], "active");

        withdraw(&mut deployment, &user).await;
        assert_eq!(status(&mut deployment, &user).await["status_reason"], "tokens_revoked");
        let refused = body(&deployment.browse("list-messages", Event::get("/messages")).await, 401);
        assert_eq!(refused["code"], "reauthorization_required");

        assert_eq!(connect(&mut deployment).await, user);
        assert_lists(&mut deployment, &user).await;
        let origin = format!("https://{DOMAIN_NAME}");
        let ended = deployment.browse("connection", Event::delete("/connection").header("origin", &origin)).await;
        assert_eq!(body(&ended, 200), json!({ "revoked_at_google": true }));
        let gone = Event::get(&format!("/users/{user}/connection")).iam();
        assert_eq!(body(&deployment.send("connection", gone).await, 404)["code"], "connection_not_found");
    }

    #[tokio::test]
    #[ignore = "wants a deployment at an AWS emulator: see the top of this file"]
    async fn the_bus_of_a_deployment_takes_a_change() {
        let mut deployment = Deployment::find().await;
        let event = fs::read(workspace().join("tests/events/connection-events.json")).unwrap();
        let event = serde_json::from_slice(&event).unwrap();
        let failures = deployment.invoke("connection-events", &event).await;
        assert_eq!(failures, json!({ "batchItemFailures": [] }));
    }
}
