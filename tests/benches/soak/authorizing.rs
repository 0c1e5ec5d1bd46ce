//! What `authorize-url` is asked, and what is right.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use local::google::Decision;
use shared::domain::time::{Clock, SystemClock, Timestamp};
use tests::{
    answer::{Answer, problem},
    cookie_jar::CookieJar,
    event::Event,
    world::{CLIENT_ID, DAVID, NAVIGATION, READONLY, REDIRECT_URI, sub},
};
use url::Url;

use crate::stage::Stage;

/// So often an authorization goes on to Google and back.
const BETWEEN_CALLBACKS: usize = 97;
/// How long an attempt lives.
const LIFETIME: Duration = Duration::from_mins(10);
/// How far the end that is told may be from the one that is expected.
const TOLERANCE: Duration = Duration::from_secs(30);
const RETURN_TO: &str = "return_to=%2Fmessages&state=the-callers-own&login_hint=david.cohen%40example.com";
const ELSEWHERE: &str = "return_to=%2F%2Fevil.example";

/// The right answer.
#[derive(Clone, Copy, Debug)]
enum Right {
    /// The URL in JSON, or as a redirect.
    Begun { status: u16 },
    /// The same, and the authorization that it begins can be ended.
    Ended,
    /// A problem in JSON.
    Problem,
    /// A problem on a page.
    Page,
}

/// Who asks an instance of `authorize-url`: a browser that keeps its cookies, and programs that have none.
pub(crate) struct Authorizing {
    stage: Arc<Stage>,
    asked: usize,
    jar: CookieJar,
    auth_uri: String,
    right: Right,
    query: &'static str,
    keeps: bool,
}

impl Authorizing {
    /// Who asks the instance of that number.
    pub(crate) fn new(stage: Arc<Stage>, number: usize) -> Self {
        let file = stage.world.google.client_secret_file(CLIENT_ID).unwrap();
        let auth_uri = file["web"]["auth_uri"].as_str().unwrap().to_owned();
        let right = Right::Problem;
        Self { stage, asked: number * 3, jar: CookieJar::default(), auth_uri, right, query: "", keeps: false }
    }

    /// The next request.
    pub(crate) fn ask(&mut self) -> Event {
        self.asked += 1;
        if self.asked.is_multiple_of(BETWEEN_CALLBACKS) {
            return self.browser("/authorize-url", "", Right::Ended);
        }
        match self.asked % 10 {
            0..3 => self.program("/authorize-url", "", Right::Begun { status: 200 }),
            3 | 4 => self.browser("/authorize-url", RETURN_TO, Right::Begun { status: 200 }),
            5 => self.program("/authorize", "prompt=consent", Right::Begun { status: 302 }),
            6 => self.browser("/authorize", RETURN_TO, Right::Begun { status: 302 }),
            7 => self.program("/authorize-url", ELSEWHERE, Right::Problem),
            8 => self.browser("/authorize", ELSEWHERE, Right::Page),
            _ => self.browser("/authorize", "", Right::Begun { status: 302 }),
        }
    }

    fn program(&mut self, path: &str, query: &'static str, right: Right) -> Event {
        (self.right, self.query, self.keeps) = (right, query, false);
        Event::get(path).query(query)
    }

    fn browser(&mut self, path: &str, query: &'static str, right: Right) -> Event {
        (self.right, self.query, self.keeps) = (right, query, true);
        Event::get(path).query(query).header("accept", NAVIGATION).cookies(self.jar.cookies())
    }

    /// Takes the answer.
    ///
    /// # Panics
    /// If it is not the right one.
    pub(crate) async fn hear(&mut self, answer: &Answer) {
        match self.right {
            Right::Begun { status } => {
                self.assert_begun(status, answer);
            }
            Right::Ended => {
                let url = self.assert_begun(200, answer);
                self.end(&url).await;
            }
            Right::Problem => {
                let told = problem(answer, 400, "invalid_request");
                assert!(told["detail"].as_str().unwrap().contains("return_to"), "{told}");
            }
            Right::Page => {
                let page = Some("text/html; charset=utf-8");
                assert_eq!((answer.status(), answer.header("content-type")), (400, page), "{answer:?}");
                assert_eq!(answer.cookies().count(), 0);
            }
        }
    }

    /// Asserts that an authorization has begun; gives the URL at Google.
    fn assert_begun(&mut self, status: u16, answer: &Answer) -> String {
        assert_eq!(answer.status(), status, "{answer:?}");
        let url = if status == 302 { redirect(answer) } else { told(answer) };
        assert!(url.starts_with(&format!("{}?", self.auth_uri)), "{url}");
        let parameters: BTreeMap<_, _> = Url::parse(&url).unwrap().query_pairs().into_owned().collect();
        let is = |name: &str, value: &str| assert_eq!(parameters[name], value, "{name} in {url}");
        is("client_id", CLIENT_ID);
        is("redirect_uri", REDIRECT_URI);
        is("response_type", "code");
        is("access_type", "offline");
        is("code_challenge_method", "S256");
        is("scope", &format!("openid email {READONLY}"));
        for random in ["state", "nonce", "code_challenge"] {
            assert_eq!(parameters[random].len(), 43, "{random} in {url}");
        }
        assert_eq!(parameters.contains_key("login_hint"), self.query == RETURN_TO, "{url}");
        assert_eq!(parameters.contains_key("prompt"), self.query == "prompt=consent", "{url}");
        self.assert_cookie(answer, &format!("__Host-pending-{}=", &parameters["state"][..8]));
        url
    }

    /// Asserts that the attempt's cookie is set, that no more than three live, and that no other is set.
    fn assert_cookie(&mut self, answer: &Answer, start: &str) {
        let (ended, set): (Vec<_>, Vec<_>) = answer.cookies().partition(|cookie| cookie.contains("Max-Age=0"));
        assert_eq!(set.len(), 1, "{answer:?}");
        assert!(set[0].starts_with(start), "{answer:?}");
        let mut attributes: Vec<_> = set[0].split("; ").skip(1).collect();
        attributes.sort_unstable();
        assert_eq!(attributes, ["HttpOnly", "Max-Age=600", "Path=/", "SameSite=Lax", "Secure"], "{answer:?}");
        if self.keeps {
            self.jar.apply(answer.cookies());
            let live = self.jar.cookies().iter().filter(|cookie| cookie.starts_with("__Host-pending-")).count();
            assert!((1..=3).contains(&live) && ended.len() <= 1, "{live} live: {answer:?}");
        } else {
            assert_eq!(ended.len(), 0, "{answer:?}");
        }
    }

    /// The user consents, comes back, and is connected.
    async fn end(&mut self, url: &str) {
        let _alone = self.stage.traffic.write().await;
        let world = &self.stage.world;
        world.clock.set(SystemClock.now());
        let back = Url::parse(&world.consent(url, &Decision::all(DAVID))).unwrap();
        let event = Event::get("/callback").query(back.query().unwrap()).cookies(self.jar.cookies());
        let answer = world.instance.send(&event.header("accept", "application/json")).await;
        assert_eq!(answer.status(), 200, "{answer:?}");
        assert_eq!(answer.json().unwrap()["user_id"], sub(DAVID), "{answer:?}");
        self.jar.apply(answer.cookies());
    }
}

fn redirect(answer: &Answer) -> String {
    assert_eq!(answer.body(), "");
    answer.header("location").unwrap().to_owned()
}

fn told(answer: &Answer) -> String {
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let body = answer.json().unwrap();
    let expires_at = Timestamp::parse(body["expires_at"].as_str().unwrap()).unwrap();
    let right = SystemClock.now().after(LIFETIME);
    assert!(expires_at <= right && right.since(expires_at) < TOLERANCE, "{body}");
    body["authorization_url"].as_str().unwrap().to_owned()
}
