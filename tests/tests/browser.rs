//! The way that a person goes, in a real browser: from the first page over Google's to the messages, in each language.

#[cfg(test)]
mod journeys {
    use local::{
        google::{Account, Effect, Endpoint},
        stack::{CONNECTIONS_TABLE, Settings, Stack},
    };
    use tests::browser::Browser;
    use thirtyfour::{
        By, WebElement,
        prelude::{ElementQueryable, ElementWaitable},
    };

    const ANNA: &str = "anna.schmidt@example.com";
    const NOOR: &str = "new.here@example.com";

    fn subject_of(email: &str) -> String {
        Account::samples(0).into_iter().find(|account| account.email == email).unwrap().sub
    }

    /// A person with a browser before the local stack.
    struct Person {
        browser: Browser,
        stack: Stack,
    }

    impl Person {
        /// `None` on a machine without a browser.
        async fn speaking(language: &str) -> Option<Self> {
            let browser = Browser::start(language).await.unwrap()?;
            let stack = Stack::start(Settings::default()).await.unwrap();
            Some(Self { browser, stack })
        }

        async fn opens(&self, path: &str) {
            self.browser.driver().goto(format!("{}{path}", self.stack.base_url())).await.unwrap();
        }

        async fn sees(&self, css: &str) -> WebElement {
            let found = self.browser.driver().query(By::Css(css)).first().await;
            match found {
                Ok(element) => element,
                Err(error) => panic!("no {css} on {:?}: {error}", self.browser.driver().source().await),
            }
        }

        async fn reads(&self, css: &str) -> String {
            self.sees(css).await.text().await.unwrap()
        }

        async fn clicks(&self, css: &str) {
            self.sees(css).await.click().await.unwrap();
        }

        async fn chooses(&self, email: &str) {
            self.clicks(&format!("[data-email='{email}']")).await;
        }

        async fn shoots(&self, name: &str) {
            self.browser.screenshot(name).await.unwrap();
        }

        /// Whether the page fits the width of the phone and is in that language and direction.
        async fn is_served_in(&self, language: &str, direction: &str) {
            let page = self.sees("html").await;
            assert_eq!(page.attr("lang").await.unwrap().as_deref(), Some(language));
            assert_eq!(page.attr("dir").await.unwrap().as_deref(), Some(direction));
            let script = "return document.documentElement.scrollWidth <= window.innerWidth";
            let fits: bool = self.browser.driver().execute(script, vec![]).await.unwrap().convert().unwrap();
            assert!(fits, "the page is wider than the phone");
        }

        /// Nothing on the way was refused by a policy or went wrong in a page.
        async fn leaves_content(self) {
            let log = self.browser.driver().browser_log().await.unwrap();
            let complaints: Vec<_> =
                log.iter().map(|entry| &entry.message).filter(|it| !it.contains("favicon")).collect();
            assert!(complaints.iter().all(|it| it.contains("responded with a status of")), "{complaints:?}");
            self.browser.quit().await.unwrap();
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_person_connects_gmail_and_sees_the_messages_in_english() {
        let Some(person) = Person::speaking("en").await else { return };
        person.opens("/").await;
        person.is_served_in("en", "ltr").await;
        person.shoots("en-1-first-page").await;
        person.clicks("#connect").await;
        person.chooses(ANNA).await;
        person.clicks("input[type=checkbox]").await;
        person.is_served_in("en", "ltr").await;
        person.shoots("en-2-consent").await;
        person.clicks("#continue").await;
        person.sees("#messages li").await;
        person.is_served_in("en", "ltr").await;
        person.shoots("en-3-messages").await;
        let first_page = person.reads("#messages").await;
        let first_message = person.sees("#messages li").await;
        person.clicks("#next").await;
        first_message.wait_until().stale().await.unwrap();
        assert_ne!(person.reads("#messages").await, first_page);
        person.leaves_content().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_person_declines_and_then_connects_after_all_in_german() {
        let Some(person) = Person::speaking("de").await else { return };
        person.opens("/authorize").await;
        person.chooses(ANNA).await;
        person.sees("#cancel").await;
        person.shoots("de-1-consent").await;
        person.clicks("#cancel").await;
        person.sees("#notice[data-notice=declined]").await;
        person.is_served_in("de", "ltr").await;
        person.shoots("de-2-declined").await;
        person.clicks("#restart").await;
        person.chooses(ANNA).await;
        person.clicks("input[type=checkbox]").await;
        person.clicks("#continue").await;
        person.sees("#notice[data-notice=connected]").await;
        assert!(person.reads("#account").await.contains(ANNA));
        person.shoots("de-3-connected").await;
        person.opens("/").await;
        person.sees("#messages li").await;
        person.is_served_in("de", "ltr").await;
        person.shoots("de-4-messages").await;
        person.leaves_content().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_person_leaves_out_the_permission_and_is_told_what_to_tick_in_hebrew() {
        let Some(person) = Person::speaking("he").await else { return };
        person.opens("/authorize").await;
        person.chooses(ANNA).await;
        person.sees("#continue").await;
        person.is_served_in("he", "rtl").await;
        person.shoots("he-1-consent").await;
        person.clicks("#continue").await;
        person.sees("#notice[data-notice=permission-missing]").await;
        person.sees("#missing").await;
        person.is_served_in("he", "rtl").await;
        person.shoots("he-2-permission-missing").await;
        person.clicks("#restart").await;
        person.clicks("input[type=checkbox]").await;
        person.clicks("#continue").await;
        person.sees("#notice[data-notice=connected]").await;
        person.shoots("he-3-connected").await;
        person.opens("/").await;
        person.sees("#messages li").await;
        person.is_served_in("he", "rtl").await;
        person.shoots("he-4-messages").await;
        person.leaves_content().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_empty_mailbox_is_told_as_such_and_a_spent_link_leads_to_a_new_start() {
        let Some(person) = Person::speaking("en").await else { return };
        person.opens("/").await;
        person.clicks("#connect").await;
        person.chooses(NOOR).await;
        person.clicks("input[type=checkbox]").await;
        person.clicks("#continue").await;
        assert!(!person.reads("#messages").await.is_empty());
        person.shoots("en-4-empty-mailbox").await;
        person.opens("/callback?state=0123456789&code=x").await;
        person.sees("#notice[data-notice=link-expired]").await;
        person.shoots("en-5-link-expired").await;
        person.clicks("#restart").await;
        person.sees(&format!("[data-email='{NOOR}']")).await;
        person.leaves_content().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn trouble_at_google_is_told_and_a_withdrawn_access_leads_back_to_consent() {
        let Some(person) = Person::speaking("en").await else { return };
        let google = person.stack.google().unwrap();
        google.faults().inject_times(Endpoint::Token, 1, Effect::Malformed);
        person.opens("/authorize").await;
        person.chooses(ANNA).await;
        person.clicks("input[type=checkbox]").await;
        person.clicks("#continue").await;
        person.sees("#notice[data-notice=google-trouble]").await;
        person.shoots("en-6-trouble-at-google").await;
        person.clicks("#restart").await;
        person.chooses(ANNA).await;
        // Google remembers the consent and mints no refresh token; none is stored, so consent is asked for again.
        person.clicks("input[type=checkbox]").await;
        person.clicks("#continue").await;
        person.sees("#notice[data-notice=connected]").await;
        google.revoke(&subject_of(ANNA));
        google.expire_access_tokens(&subject_of(ANNA));
        person.opens("/").await;
        person.sees("#notice").await;
        person.shoots("en-7-access-withdrawn").await;
        person.clicks("#connect").await;
        person.clicks("input[type=checkbox]").await;
        person.clicks("#continue").await;
        person.sees("#messages li").await;
        person.leaves_content().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_access_that_is_withdrawn_at_google_is_seen_to_end_and_is_given_again() {
        let Some(person) = Person::speaking("en").await else { return };
        let google = person.stack.google().unwrap().clone();
        person.opens("/").await;
        person.clicks("#connect").await;
        person.chooses(ANNA).await;
        person.clicks("input[type=checkbox]").await;
        person.clicks("#continue").await;
        person.sees("#messages li").await;
        person.sees("#status[data-status=active]").await;
        person.shoots("en-8-connected").await;
        person.browser.driver().goto(format!("{}/connections", google.origin())).await.unwrap();
        person.shoots("en-9-third-party-access").await;
        let asked_before = google.calls(Endpoint::List) + google.calls(Endpoint::Token);
        let remove = person.sees(&format!(".remove[data-email='{ANNA}']")).await;
        remove.click().await.unwrap();
        remove.wait_until().stale().await.unwrap();
        google.settled().await;
        let row = || person.stack.aws().items(CONNECTIONS_TABLE).unwrap().into_iter();
        assert!(row().any(|item| item["status_reason"]["S"] == "tokens_revoked"), "nobody had to ask for it");
        assert_eq!(google.calls(Endpoint::List) + google.calls(Endpoint::Token), asked_before);
        person.opens("/").await;
        person.sees("#status[data-status=revoked]").await;
        person.shoots("en-10-ended").await;
        person.opens("/messages").await;
        person.clicks("input[type=checkbox]").await;
        person.clicks("#continue").await;
        assert!(person.reads("pre").await.contains("\"messages\""), "led to consent and back to the listing");
        person.opens("/").await;
        person.sees("#status[data-status=active]").await;
        person.sees("#messages li").await;
        person.clicks("#disconnect").await;
        person.sees("#connect").await;
        assert!(!row().any(|item| item["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with("connection#"))));
        person.shoots("en-11-disconnected").await;
        person.leaves_content().await;
    }
}
