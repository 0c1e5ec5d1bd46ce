//! `GET /authorize-url` and `GET /authorize`, through the front door.

#[cfg(test)]
mod authorize_url {
    use std::collections::BTreeMap;

    use tests::answer::Answer;
    use url::Url;

    mod answers;
    mod calls;
    mod cookies;
    mod inputs;
    mod request;

    /// The parameters of a URL; each may be there once.
    fn parameters(url: &str) -> BTreeMap<String, String> {
        let mut parameters = BTreeMap::new();
        for (name, value) in Url::parse(url).unwrap().query_pairs().into_owned() {
            assert_eq!(parameters.insert(name, value), None);
        }
        parameters
    }

    fn authorization_url(answer: &Answer) -> String {
        assert_eq!(answer.status(), 200, "{}", answer.body());
        answer.json().unwrap()["authorization_url"].as_str().unwrap().to_owned()
    }
}
