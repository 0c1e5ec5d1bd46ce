//! The routes of the API, as data, and how a request finds its own.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

/// Who may call a route.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Authorizer {
    /// Anyone, as far as the gateway goes.
    None,
    /// A caller with a signature of AWS IAM.
    AwsIam,
}

/// One route of the API.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// The method, in capitals.
    pub method: &'static str,
    /// The path; a part in braces is a parameter and stands for one segment.
    pub path: &'static str,
    /// The name of the function that answers.
    pub function: &'static str,
    /// Who may call.
    pub authorizer: Authorizer,
}

/// Every route of the API.
pub const ROUTES: &[Route] = &[
    open("GET", "/authorize-url", "authorize-url"),
    open("GET", "/authorize", "authorize-url"),
    open("GET", "/callback", "callback"),
    open("GET", "/messages", "list-messages"),
    signed("GET", "/users/{user_id}/messages", "list-messages"),
    open("GET", "/connection", "connection"),
    open("DELETE", "/connection", "connection"),
    signed("GET", "/users/{user_id}/connection", "connection"),
    signed("DELETE", "/users/{user_id}/connection", "connection"),
    signed("GET", "/users", "connection"),
    open("POST", "/security-events", "security-events"),
];

const fn open(method: &'static str, path: &'static str, function: &'static str) -> Route {
    Route { method, path, function, authorizer: Authorizer::None }
}

const fn signed(method: &'static str, path: &'static str, function: &'static str) -> Route {
    Route { method, path, function, authorizer: Authorizer::AwsIam }
}

impl Route {
    /// The route's name at API Gateway, such as `GET /messages`.
    pub fn key(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The path's parameters, decoded, if the method and the path as it is on the wire are this route's.
    pub(super) fn matches(&self, method: &str, path: &str) -> Option<BTreeMap<&'static str, String>> {
        if self.method != method || self.path.split('/').count() != path.split('/').count() {
            return None;
        }
        let mut parameters = BTreeMap::new();
        for (pattern, segment) in self.path.split('/').zip(path.split('/')) {
            let segment = percent_decode_str(segment).decode_utf8_lossy();
            match pattern.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                Some(_) if segment.is_empty() => return None,
                Some(name) => drop(parameters.insert(name, segment.into_owned())),
                None if pattern == segment => {}
                None => return None,
            }
        }
        Some(parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTE: Route = signed("GET", "/users/{user_id}/messages", "list-messages");

    #[test]
    fn a_parameter_is_one_decoded_segment() {
        let parameters = ROUTE.matches("GET", "/users/a%2Fb%20c/messages").unwrap();
        assert_eq!(parameters, BTreeMap::from([("user_id", "a/b c".to_owned())]));
    }

    #[test]
    fn another_method_or_path_is_another_route() {
        for (method, path) in [
            ("POST", "/users/1/messages"),
            ("GET", "/users//messages"),
            ("GET", "/users/1/messages/"),
            ("GET", "/users/1/2/messages"),
            ("GET", "/Users/1/messages"),
            ("GET", "/users/1"),
        ] {
            assert!(ROUTE.matches(method, path).is_none(), "{method} {path}");
        }
    }
}
