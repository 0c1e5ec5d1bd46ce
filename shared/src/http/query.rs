//! The parameters of a query, read strictly.

use std::borrow::Cow;

use percent_encoding::percent_decode;

/// The most digits of a number.
const MAX_DIGITS: usize = 64;

/// The parameters in their order, each name decoded and each value as its bytes.
#[derive(Clone, Default)]
pub struct Query(Vec<(String, Vec<u8>)>);

impl Query {
    /// Reads a query as HTML forms write it
    /// ([application/x-www-form-urlencoded](https://url.spec.whatwg.org/#urlencoded-parsing)).
    pub fn parse(query: &str) -> Self {
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(name, value)| (String::from_utf8_lossy(&decode(name)).into_owned(), decode(value)))
                .collect(),
        )
    }

    /// The value of a parameter that may be given once; empty counts as not given.
    ///
    /// # Errors
    /// If it is given twice, is not UTF-8, or has more characters than allowed.
    pub fn single(&self, name: &'static str, max_characters: usize) -> Result<Option<&str>, BadParameter> {
        let mut values = self.values(name);
        let value = values.next().map(|value| text(name, value)).transpose()?;
        if values.next().is_some() {
            return Err(BadParameter { name, problem: "is given more than once" });
        }
        match value {
            Some(value) if value.chars().count() > max_characters => Err(BadParameter { name, problem: "is too long" }),
            value => Ok(value.filter(|value| !value.is_empty())),
        }
    }

    /// The value of a parameter that is a positive number in digits, however large.
    ///
    /// # Errors
    /// If it is anything else.
    pub fn positive_number(&self, name: &'static str) -> Result<Option<u64>, BadParameter> {
        let Some(text) = self.single(name, MAX_DIGITS)? else { return Ok(None) };
        if !text.bytes().all(|byte| byte.is_ascii_digit()) || text.bytes().all(|byte| byte == b'0') {
            return Err(BadParameter { name, problem: "is not a positive number" });
        }
        Ok(Some(text.parse().unwrap_or(u64::MAX)))
    }

    /// Every value of a parameter that may be repeated.
    ///
    /// # Errors
    /// If there are more values than allowed, one is not UTF-8, or one has more characters than allowed.
    pub fn many(
        &self,
        name: &'static str,
        max_values: usize,
        max_characters: usize,
    ) -> Result<Vec<String>, BadParameter> {
        let mut texts = Vec::new();
        for value in self.values(name) {
            let value = text(name, value)?;
            if value.chars().count() > max_characters {
                return Err(BadParameter { name, problem: "is too long" });
            }
            texts.push(value.to_owned());
        }
        if texts.len() > max_values {
            return Err(BadParameter { name, problem: "is given too often" });
        }
        Ok(texts)
    }

    fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().filter(move |(given, _)| given == name).map(|(_, value)| value.as_slice())
    }
}

fn decode(text: &str) -> Vec<u8> {
    let spaced = if text.contains('+') { Cow::Owned(text.replace('+', " ")) } else { Cow::Borrowed(text) };
    percent_decode(spaced.as_bytes()).collect()
}

fn text<'a>(name: &'static str, value: &'a [u8]) -> Result<&'a str, BadParameter> {
    std::str::from_utf8(value).map_err(|_| BadParameter { name, problem: "is not UTF-8" })
}

/// A parameter that is not as it must be; prints as a sentence for the caller.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("The parameter {name} {problem}.")]
pub struct BadParameter {
    /// The parameter's name.
    pub name: &'static str,
    /// The rest of the sentence.
    pub problem: &'static str,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_single_parameter_is_decoded_and_bounded() {
        for (text, result) in [
            ("", Ok(None)),
            ("p=", Ok(None)),
            ("p", Ok(None)),
            ("p=a+b%20c%2B", Ok(Some("a b c+"))),
            ("%70=x", Ok(Some("x"))),
            ("x=1&p=%D7%A9", Ok(Some("ש"))),
            ("p=123456", Ok(Some("123456"))),
            ("p=éééééé", Ok(Some("éééééé"))),
            ("p=1234567", Err("is too long")),
            ("p=a&p=a", Err("is given more than once")),
            ("p=&p=a", Err("is given more than once")),
            ("p=%ff", Err("is not UTF-8")),
            ("p=%zz", Ok(Some("%zz"))),
        ] {
            let query = Query::parse(text);
            let expected = result.map_err(|problem| BadParameter { name: "p", problem });
            assert_eq!(query.single("p", 6), expected, "{text}");
        }
    }

    #[test]
    fn a_repeatable_parameter_keeps_its_order() {
        let query = Query::parse("l=B&x=1&l=A&l=B");
        assert_eq!(query.many("l", 3, 1).unwrap(), ["B", "A", "B"]);
        assert_eq!(query.many("l", 2, 1).unwrap_err().problem, "is given too often");
        assert_eq!(query.many("l", 3, 0).unwrap_err().problem, "is too long");
    }

    proptest! {
        #[test]
        fn no_query_is_a_surprise(query: String) {
            let query = Query::parse(&query);
            let _ = (query.single("p", 6), query.many("p", 6, 6));
        }
    }
}
