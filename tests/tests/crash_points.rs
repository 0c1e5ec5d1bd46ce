//! A process dies before or after any call to another: the next one finds a state from which all goes on. (Disconnections and
//! security events have theirs beside their other tests.)

#[cfg(test)]
mod crash_points {
    use std::{sync::Arc, time::Duration};

    use local::{
        aws::When as AwsWhen,
        google::{Decision, When as GoogleWhen},
    };
    use shared::domain::connection::Lease;
    use tests::{
        answer::Answer,
        crash::Crash,
        event::Event,
        world::{ANNA, Instance, Visitor, World, sub},
    };

    /// More calls than any request makes.
    const MOST_CALLS: usize = 20;

    /// Where a process dies.
    #[derive(Clone, Copy, Debug)]
    enum Place {
        Aws(AwsWhen),
        Google(GoogleWhen),
    }

    const PLACES: [Place; 4] = [
        Place::Aws(AwsWhen::Before),
        Place::Aws(AwsWhen::After),
        Place::Google(GoogleWhen::Before),
        Place::Google(GoogleWhen::After),
    ];

    impl Place {
        fn arm(self, world: &World, nth: usize) -> Crash {
            match self {
                Self::Aws(when) => Crash::at_aws(world, nth, when),
                Self::Google(when) => Crash::at_google(world, nth, when),
            }
        }
    }

    /// Sends an event to an instance that dies at a call; the answer, if it makes fewer.
    async fn dies(world: &World, instance: &Instance, event: &Event, place: Place, nth: usize) -> Option<Answer> {
        let mut point = place.arm(world, nth);
        tokio::select! {
            () = point.reached() => None,
            answer = instance.send(event) => Some(answer),
        }
    }

    fn listing() -> Event {
        Event::get(&format!("/users/{}/messages", sub(ANNA))).iam()
    }

    #[track_caller]
    fn assert_listed(answer: &Answer, place: &str) {
        assert_eq!(answer.status(), 200, "{place}: {}", answer.body());
    }

    /// What a person does whose page did not come: reloads it, and if that does not help, begins again.
    async fn goes_on(world: &World, visitor: &Visitor, callback: &str) {
        if visitor.get(callback).await.status() == 200 {
            return;
        }
        let mut url = visitor.begin("").await;
        for _ in 0..2 {
            let answer = visitor.get(&world.consent(&url, &Decision::all(ANNA))).await;
            match answer.status() {
                200 => return,
                // Google gave no refresh token and none is stored: consent is asked for, by itself.
                303 => {
                    let led = visitor.get(answer.header("location").unwrap()).await;
                    led.header("location").unwrap().clone_into(&mut url);
                }
                status => panic!("{status}: {}", answer.body()),
            }
        }
        panic!("not connected after two more consents");
    }

    /// Lets a callback die at every call, of a world made anew each time; how many calls there were.
    async fn callback_dies(place: Place, is_connected: bool) -> usize {
        for nth in 1..=MOST_CALLS {
            let world = World::start().await;
            if is_connected {
                world.connect(ANNA).await;
            }
            let visitor = world.visitor().accepting("application/json");
            let callback = world.consent(&visitor.begin("prompt=consent").await, &Decision::all(ANNA));
            let instance: Arc<Instance> = world.another_instance().await;
            let answered = dies(&world, &instance, &visitor.event(&callback), place, nth).await;
            if let Some(answer) = answered {
                assert_eq!(answer.status(), 200, "{}", answer.body());
                return nth - 1;
            }
            let visitor = visitor.at(&world.another_instance().await);
            goes_on(&world, &visitor, &callback).await;
            let told = format!("{place:?} {nth}");
            assert_listed(&world.another_instance().await.send(&listing()).await, &told);
            assert_eq!(world.attribute(ANNA, "status").unwrap(), "active", "{told}");
        }
        panic!("more than {MOST_CALLS} calls");
    }

    #[tokio::test]
    async fn after_a_callback_that_died_at_any_call_a_first_consent_comes_through() {
        for place in PLACES {
            let calls = callback_dies(place, false).await;
            assert!((2..=8).contains(&calls), "{place:?}: {calls}");
        }
    }

    #[tokio::test]
    async fn after_a_callback_that_died_at_any_call_a_further_consent_comes_through() {
        for place in PLACES {
            let calls = callback_dies(place, true).await;
            assert!((2..=8).contains(&calls), "{place:?}: {calls}");
        }
    }

    #[tokio::test]
    async fn after_a_refresh_that_died_at_any_call_the_next_instance_lists_once_the_lease_is_over() {
        for place in PLACES {
            let mut calls = 0;
            loop {
                let world = World::start().await;
                world.connect(ANNA).await;
                world.clock.advance(Duration::from_hours(1));
                let instance = world.another_instance().await;
                if let Some(answer) = dies(&world, &instance, &listing(), place, calls + 1).await {
                    assert_listed(&answer, "as a whole");
                    break;
                }
                calls += 1;
                assert!(calls < MOST_CALLS);
                world.clock.advance(Lease::LIFETIME);
                let told = format!("{place:?} {calls}");
                assert_listed(&world.another_instance().await.send(&listing()).await, &told);
                assert_eq!(world.attribute(ANNA, "status").unwrap(), "active", "{told}");
                assert_eq!(world.attribute(ANNA, "lease_owner"), None, "{told}");
            }
            assert!((2..=6).contains(&calls), "{place:?}: {calls}");
        }
    }
}
