//! Every call that a function makes to another × everything that can become of it: the documented answer in time, nothing lost,
//! and the same request right afterwards succeeds. The calls are those that the functions are seen to make, so that a new one
//! has its rows by itself, and fails them until its answer is documented.

#[cfg(test)]
mod fault_matrix {
    mod call;
    mod expectation;
    mod fault;
    mod journey;
    mod relay;
    mod scene;

    use std::collections::BTreeSet;

    use futures_util::{StreamExt, stream};
    use shared::retry::MOST_RETRIES;
    use tests::world::{ANNA, World};

    use self::{
        call::{host_of, is_write},
        expectation::{Expected, Row},
        fault::Fault,
        journey::Journey,
        relay::Strike,
        scene::{Outcome, Scene},
    };

    /// How many scenes play at once. Most of them wait.
    const AT_ONCE: usize = 12;
    /// How many first tries of a call one request makes at most: something that takes several calls is begun anew five times,
    /// and two of them may be of the same kind.
    const FIRST_TRIES: usize = 10;
    /// The most bytes of one answer that are taken in, those on their way included.
    const MOST_BYTES: usize = 64 * 1024 * 1024;

    /// A call of a function: its name, and which of that name it is; of a write, the journey too.
    type Call = (Option<Journey>, String, usize);

    /// What is asked, and what becomes of one of its calls.
    struct Cell {
        journey: Journey,
        strike: Strike,
        /// What comes of it where all goes well.
        well: Outcome,
    }

    /// The journeys of a function, each with its calls in their order and what comes of it.
    async fn seen(function: &str) -> Vec<(Journey, Vec<String>, Outcome)> {
        let mut seen = Vec::new();
        for journey in Journey::ALL.into_iter().filter(|journey| journey.function() == function) {
            let scene = Scene::start(journey).await;
            scene.journal.begin(None);
            let outcome = scene.ask(&scene.subject(None).await).await;
            journey.assert_done(&scene.world, &format!("{journey:?}"));
            seen.push((journey, scene.journal.calls(), outcome));
        }
        seen
    }

    /// Each call that a function was seen to make × each fault, in the first journey that makes it.
    async fn cells(function: &str) -> Vec<Cell> {
        let (mut cells, mut known) = (Vec::new(), BTreeSet::<Call>::new());
        for (journey, calls, well) in seen(function).await {
            for (place, call) in calls.iter().enumerate() {
                let nth = calls[..=place].iter().filter(|made| *made == call).count();
                // A read is the same in whatever it is made; what a write does, only its request says.
                let of = if is_write(call) { Some(journey) } else { None };
                if known.insert((of, call.clone(), nth)) {
                    let strikes = strikes(&calls, place, nth);
                    cells.extend(strikes.into_iter().map(|strike| Cell { journey, strike, well: well.clone() }));
                }
            }
        }
        cells
    }

    fn strikes(calls: &[String], place: usize, nth: usize) -> Vec<Strike> {
        let call = &calls[place];
        let before = calls[..place].iter().filter(|made| host_of(made) == host_of(call)).count();
        let any = Fault::ANY
            .iter()
            .chain(&Fault::OF_PARTS)
            .chain(Fault::of_aws(host_of(call)))
            .filter(|fault| fault.is_of(call));
        let of_host = Fault::OF_HOST.iter().filter(|_| before == 0 && nth == 1);
        let both = any.flat_map(|fault| [false, true].map(|lasts| (fault, lasts)));
        let possible = both.filter(|(fault, lasts)| *lasts || !fault.only_lasts()).chain(of_host.map(|it| (it, true)));
        possible.map(|(fault, lasts)| Strike { call: call.clone(), nth, before, lasts, fault: fault.clone() }).collect()
    }

    /// Plays a scene in which a call fails, and then the same with nothing in the way.
    async fn play(cell: Cell) {
        let Cell { journey, strike, well } = cell;
        let told = format!("{journey:?}, {strike:?}");
        let scene = Scene::start(journey).await;
        let lost = Fault::OF_HOST.contains(&strike.fault).then(|| (host_of(&strike.call), &strike.fault));
        scene.journal.begin(lost.is_none().then(|| strike.clone()));
        let before = Stored::of(&scene.world);
        let subject = scene.subject(lost).await;
        let outcome = scene.ask(&subject).await;
        assert!(lost.is_some() || scene.journal.struck() > 0, "{told}: it did not happen: {:?}", scene.journal.calls());
        before.assert_kept(journey, &scene.world, &told);
        let row = Row { function: journey.function(), strike: &strike };
        assert_as_documented(&row, &outcome, &well, &told);
        assert_bounded(&row, &scene, &told);
        scene.journal.begin(None);
        let subject = if lost.is_some() { scene.subject(None).await } else { subject };
        let again = scene.ask_again(&subject).await;
        // What is deleted cannot be deleted again.
        let gone = Outcome { status: 404, code: "connection_not_found".to_owned() };
        let is_as_well = match journey {
            Journey::Disconnection if outcome == well => again == gone,
            Journey::Disconnection => again == well || again == gone,
            _ => again == well,
        };
        assert!(is_as_well, "{told}: {outcome:?}, then {again:?}");
        journey.assert_done(&scene.world, &told);
        before.assert_changed(journey, &scene.world, &told);
    }

    /// What was stored of Anna before a scene.
    struct Stored {
        status: Option<String>,
        sessions_valid_after: Option<String>,
    }

    impl Stored {
        fn of(world: &World) -> Self {
            let attribute = |name| world.attribute(ANNA, name);
            Self { status: attribute("status"), sessions_valid_after: attribute("sessions_valid_after") }
        }

        /// Asserts that a connection which nobody ended still stands, with its tokens.
        #[track_caller]
        fn assert_kept(&self, journey: Journey, world: &World, told: &str) {
            let is_ended = matches!(journey, Journey::Disconnection | Journey::TokenRevoked);
            if self.status.is_some() && !is_ended {
                assert_eq!(world.attribute(ANNA, "status").as_deref(), Some("active"), "{told}");
                assert!(world.attribute(ANNA, "refresh_token").is_some_and(|token| !token.is_empty()), "{told}");
            }
        }

        /// Asserts that sessions have ended where that was asked for, and nowhere else.
        #[track_caller]
        fn assert_changed(&self, journey: Journey, world: &World, told: &str) {
            let has_changed = world.attribute(ANNA, "sessions_valid_after") != self.sessions_valid_after;
            if ["list-messages", "security-events"].contains(&journey.function()) {
                assert_eq!(has_changed, journey == Journey::SessionsRevoked, "{told}");
            }
        }
    }

    #[track_caller]
    fn assert_as_documented(row: &Row<'_>, outcome: &Outcome, well: &Outcome, told: &str) {
        let expected = row.expected();
        let is_so = match expected {
            Expected::Success => outcome == well,
            Expected::Failure => *outcome == row.failure(),
            Expected::Either => outcome == well || *outcome == row.failure(),
        };
        assert!(is_so, "{told}: {outcome:?} is not {expected:?}; the failure is {:?}", row.failure());
    }

    /// Asserts that the request did not try again without end, nor what it must not, nor read without end.
    #[track_caller]
    fn assert_bounded(row: &Row<'_>, scene: &Scene, told: &str) {
        let calls = scene.journal.calls();
        let tries = calls.iter().filter(|made| **made == row.strike.call).count();
        let most = match row.strike.call.as_str() {
            "Token.code" if row.may_have_arrived() => 1,
            "Token.code" | "Token.refresh" | "UserInfo.get" | "Revocation.revoke" => 4,
            "Gmail.list" | "Gmail.batch" | "Keys.get" => 6,
            // Whoever waits for another's refresh looks ten times a second; that is bounded by the time.
            _ if row.is_contention() => usize::MAX,
            _ => MOST_RETRIES as usize + FIRST_TRIES,
        };
        assert!(tries <= most, "{told}: {tries} tries in {calls:?}");
        assert!(scene.journal.swallowed() < MOST_BYTES, "{told}: {} bytes were read", scene.journal.swallowed());
    }

    /// Plays all scenes of a function, and tells of every one that went wrong.
    async fn play_all(function: &str) {
        let cells = cells(function).await;
        assert!(!cells.is_empty());
        let played = stream::iter(cells).map(|cell| tokio::spawn(play(cell))).buffer_unordered(AT_ONCE);
        let wrong: Vec<_> = played.filter_map(async |played| played.err()).collect().await;
        assert!(wrong.is_empty(), "{} scenes went wrong: {wrong:#?}", wrong.len());
    }

    #[tokio::test]
    async fn whatever_becomes_of_a_call_of_authorize_url_the_answer_is_documented_and_the_next_request_succeeds() {
        play_all("authorize-url").await;
    }

    #[tokio::test]
    async fn whatever_becomes_of_a_call_of_callback_the_answer_is_documented_and_the_next_consent_succeeds() {
        play_all("callback").await;
    }

    #[tokio::test]
    async fn whatever_becomes_of_a_call_of_list_messages_the_answer_is_documented_and_the_next_request_succeeds() {
        play_all("list-messages").await;
    }

    #[tokio::test]
    async fn whatever_becomes_of_a_call_of_connection_the_answer_is_documented_and_the_next_request_succeeds() {
        play_all("connection").await;
    }

    #[tokio::test]
    async fn whatever_becomes_of_a_call_of_security_events_the_answer_is_documented_and_the_next_delivery_succeeds() {
        play_all("security-events").await;
    }

    #[tokio::test]
    async fn whatever_becomes_of_a_call_of_connection_events_the_record_is_delivered_again_and_arrives() {
        play_all("connection-events").await;
    }
}
