//! Between two requests Lambda freezes a function, and its connections die meanwhile: that costs nobody an error or a wait.

#[cfg(test)]
mod frozen {
    use std::time::Duration;

    use axum::Router;
    use futures_util::future::join;
    use local::google::{Decision, Endpoint};
    use shared::{
        function::{Deadline, Function, invoke},
        google::http,
        outbound::IDLE_LIMIT,
    };
    use tests::{
        PATIENCE,
        answer::Answer,
        event::Event,
        runtime_api::FunctionProcess,
        wire::{CUTS, Cut, Wire},
        world::{ANNA, Wired, sub},
    };
    use tokio::net::TcpListener;

    /// How often a function is frozen and thawed.
    const TIMES: usize = 10;

    /// What a process answers that was frozen, lost all of its connections, and is thawed by the event.
    async fn ask_frozen(wired: &Wired, process: &FunctionProcess, event: &Event, cut: Cut) -> Answer {
        process.suspend().unwrap();
        let thaw = async {
            wired.cut(cut).await;
            process.resume().unwrap();
        };
        join(process.ask(event), thaw).await.0
    }

    /// What a browser sends that comes back from Google.
    async fn coming_back(wired: &Wired) -> Event {
        let visitor = wired.world.visitor().accepting("application/json");
        let location = wired.world.consent(&visitor.begin("prompt=consent").await, &Decision::all(ANNA));
        visitor.event(&location)
    }

    fn listing() -> Event {
        Event::get(&format!("/users/{}/messages", sub(ANNA))).iam()
    }

    /// So much time passes for whoever measures it, and at once.
    async fn pass(time: Duration) {
        tokio::time::pause();
        tokio::time::advance(time).await;
        tokio::time::resume();
    }

    async fn ask(function: &impl Function, event: &Event) -> Answer {
        let response = invoke(function, &event.json().to_string(), Deadline::after(PATIENCE)).await;
        Answer::read(serde_json::to_value(response).unwrap()).unwrap()
    }

    #[track_caller]
    fn assert_nothing_went_wrong(process: &FunctionProcess) {
        let output = process.output();
        assert!(!output.contains("\"level\":\"warn\"") && !output.contains("\"level\":\"error\""), "{output}");
    }

    #[tokio::test]
    async fn a_listing_that_thaws_a_function_succeeds_at_once_though_its_connections_are_gone() {
        for cut in [Cut::Close, Cut::Reset] {
            let wired = Wired::start().await;
            wired.world.connect(ANNA).await;
            let process = wired.process("list-messages", &[]).await;
            assert_eq!(process.ask(&listing()).await.status(), 200);
            for time in 1..=TIMES {
                let opened = (wired.aws.opened(), wired.google.opened());
                assert_eq!(ask_frozen(&wired, &process, &listing(), cut).await.status(), 200, "{cut:?}");
                assert_eq!(wired.world.google.calls(Endpoint::List), 1 + time, "{cut:?}: each listing asks once");
                assert_eq!((wired.aws.opened(), wired.google.opened()), (opened.0 + 1, opened.1 + 1), "{cut:?}");
            }
            assert_nothing_went_wrong(&process);
        }
    }

    #[tokio::test]
    async fn a_callback_that_thaws_a_function_connects_though_its_connections_are_gone() {
        for cut in [Cut::Close, Cut::Reset] {
            let wired = Wired::start().await;
            let process = wired.process("callback", &[]).await;
            assert_eq!(process.ask(&coming_back(&wired).await).await.status(), 200);
            for time in 1..=TIMES {
                let event = coming_back(&wired).await;
                assert_eq!(ask_frozen(&wired, &process, &event, cut).await.status(), 200, "{cut:?}");
                assert_eq!(wired.world.google.calls(Endpoint::Token), 1 + time, "{cut:?}: each code is sent once");
            }
            assert_nothing_went_wrong(&process);
        }
    }

    #[tokio::test]
    async fn secrets_that_are_read_again_by_a_dead_connection_keep_no_authorization_waiting() {
        for cut in CUTS {
            let wired = Wired::start().await;
            let function = authorize_url::AuthorizeUrl::connect(wired.environment("authorize-url")).await.unwrap();
            assert_eq!(ask(&function, &Event::get("/authorize-url")).await.status(), 200);
            wired.cut(cut).await;
            wired.world.clock.advance(Duration::from_mins(5));
            let readings = || wired.world.aws.faults().calls("SecretsManager.BatchGetSecretValue");
            let before = readings();
            assert_eq!(ask(&function, &Event::get("/authorize-url")).await.status(), 200, "{cut:?}");
            // In silence nobody waits for what was to be read anew, and it is tried again later.
            assert_eq!(readings() > before, !matches!(cut, Cut::Silence), "{cut:?}");
        }
    }

    #[tokio::test]
    async fn a_connection_that_rested_too_long_is_not_used_again() {
        let wired = Wired::start().await;
        wired.world.connect(ANNA).await;
        let listings = list_messages::ListMessages::connect(wired.environment("list-messages")).await.unwrap();
        let callbacks = callback::Callback::connect(wired.environment("callback")).await.unwrap();
        for _ in 0..2 {
            let coming_back = coming_back(&wired).await;
            let opened = || [wired.aws.opened(), wired.google.opened()];
            let before = opened();
            assert_eq!(ask(&listings, &listing()).await.status(), 200);
            assert_eq!(ask(&callbacks, &coming_back).await.status(), 200);
            assert!(opened().iter().zip(before).all(|(now, before)| *now > before), "{before:?}");
            wired.cut(Cut::Silence).await;
            pass(IDLE_LIMIT + Duration::from_secs(1)).await;
        }
    }

    #[tokio::test]
    async fn a_connection_that_rested_a_while_is_used_again() {
        let wired = Wired::start().await;
        wired.world.connect(ANNA).await;
        let listings = list_messages::ListMessages::connect(wired.environment("list-messages")).await.unwrap();
        assert_eq!(ask(&listings, &listing()).await.status(), 200);
        let opened = (wired.aws.opened(), wired.google.opened());
        pass(IDLE_LIMIT.mul_f64(0.9)).await;
        assert_eq!(ask(&listings, &listing()).await.status(), 200);
        assert_eq!((wired.aws.opened(), wired.google.opened()), opened);
    }

    /// As with Google: one connection for all requests to a host, which a request that gets no answer leaves as it is.
    #[tokio::test]
    async fn an_http2_connection_on_which_nobody_answers_is_found_out_and_left() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async { axum::serve(listener, Router::new().fallback(async || "here")).await });
        let (wire, client) =
            (Wire::to(&origin).await, http::builder().unwrap().http2_prior_knowledge().build().unwrap());
        let ask = || client.get(wire.origin()).timeout(PATIENCE).send();
        assert!(ask().await.is_ok());
        wire.cut(Cut::Silence).await;
        pass(IDLE_LIMIT / 2).await;
        assert!(ask().await.is_err());
        assert!(ask().await.is_ok());
        assert_eq!(wire.opened(), 2);
        server.abort();
    }
}
