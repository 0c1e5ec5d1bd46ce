//! Routes: a method and a path, with at most one parameter.

/// One route of a function.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Route {
    /// The method, a space, and the path; `{user_id}` stands for one segment.
    pub pattern: &'static str,
    /// Whether only backends may call it, whose requests are signed with AWS IAM.
    pub is_for_backends: bool,
}

impl Route {
    /// The route with that method and path, as in `GET /users/{user_id}/messages`.
    pub const fn new(pattern: &'static str) -> Self {
        Self { pattern, is_for_backends: false }
    }

    /// The same for backends only. API Gateway's authorizer lets nobody else in; [`invoke`](crate::function::invoke)
    /// refuses them too, for a route may be deployed without its authorizer.
    pub const fn for_backends(pattern: &'static str) -> Self {
        Self { pattern, is_for_backends: true }
    }

    /// The segment of the path that stands where the route has its parameter.
    pub fn parameter<'a>(&self, path: &'a str) -> Option<&'a str> {
        let (_, pattern) = self.pattern.split_once(' ')?;
        let mut segments = pattern.split('/').zip(path.split('/'));
        segments.find(|(expected, _)| is_parameter(expected)).map(|(_, given)| given)
    }

    fn matches(&self, method: &str, path: &str) -> bool {
        let Some((expected_method, pattern)) = self.pattern.split_once(' ') else { return false };
        let segments = || pattern.split('/').zip(path.split('/'));
        expected_method == method
            && pattern.split('/').count() == path.split('/').count()
            && segments().all(|(expected, given)| is_parameter(expected) && !given.is_empty() || expected == given)
    }
}

/// The route that a request is for.
pub fn matching(routes: &'static [Route], method: &str, path: &str) -> Option<&'static Route> {
    routes.iter().find(|route| route.matches(method, path))
}

fn is_parameter(segment: &str) -> bool {
    segment.starts_with('{') && segment.ends_with('}')
}

#[cfg(test)]
mod tests {
    use super::*;

    static ROUTES: [Route; 2] = [Route::new("GET /messages"), Route::new("GET /users/{user_id}/messages")];

    #[test]
    fn a_request_finds_its_route_or_none() {
        for (method, path, route) in [
            ("GET", "/messages", Some(0)),
            ("POST", "/messages", None),
            ("GET", "/messages/", None),
            ("GET", "/Messages", None),
            ("GET", "/users/118/messages", Some(1)),
            ("GET", "/users/ü 1/messages", Some(1)),
            ("GET", "/users//messages", None),
            ("GET", "/users/1/2/messages", None),
            ("GET", "", None),
        ] {
            assert_eq!(matching(&ROUTES, method, path), route.map(|index: usize| &ROUTES[index]), "{method} {path}");
        }
    }

    #[test]
    fn a_routes_parameter_is_the_segment_in_its_place() {
        assert_eq!(ROUTES[1].parameter("/users/118/messages"), Some("118"));
        assert_eq!(ROUTES[0].parameter("/messages"), None);
    }
}
