//! YAML as JSON, with the tags of `CloudFormation` as the functions that they stand for.

use saphyr::{LoadableYamlNode, Scalar, Tag, Yaml};
use serde_json::{Map, Number, Value, json};

/// Why a text is no YAML, or YAML that JSON cannot say.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotRead {
    /// Not YAML.
    #[error("not YAML: {0}")]
    Yaml(#[from] saphyr::ScanError),
    /// Not one document.
    #[error("{0} documents in place of one")]
    Documents(usize),
    /// A part that JSON has no word for.
    #[error("JSON cannot say {0}")]
    Foreign(String),
}

/// Reads the one document of a text. `!Ref x` becomes `{"Ref": "x"}`, and any other tag `!F x` becomes
/// `{"Fn::F": x}`
/// ([intrinsic functions](https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html)).
///
/// # Errors
/// If the text is not one document of YAML that JSON can say.
pub(crate) fn read(text: &str) -> Result<Value, NotRead> {
    let documents = Yaml::load_from_str(text)?;
    match documents.as_slice() {
        [document] => to_json(document),
        others => Err(NotRead::Documents(others.len())),
    }
}

fn to_json(node: &Yaml<'_>) -> Result<Value, NotRead> {
    match node {
        Yaml::Value(scalar) => scalar_to_json(scalar),
        Yaml::Sequence(items) => items.iter().map(to_json).collect::<Result<_, _>>().map(Value::Array),
        Yaml::Mapping(members) => {
            let members = members.iter().map(|(name, value)| Ok((name_of(name)?, to_json(value)?)));
            members.collect::<Result<Map<_, _>, _>>().map(Value::Object)
        }
        Yaml::Tagged(tag, node) => Ok(function(tag, to_json(node)?)),
        other => Err(NotRead::Foreign(format!("{other:?}"))),
    }
}

fn scalar_to_json(scalar: &Scalar<'_>) -> Result<Value, NotRead> {
    Ok(match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(value) => json!(value),
        Scalar::Integer(number) => json!(number),
        Scalar::FloatingPoint(number) => Number::from_f64(number.into_inner())
            .map(Value::Number)
            .ok_or_else(|| NotRead::Foreign(number.to_string()))?,
        Scalar::String(text) => json!(text),
    })
}

fn name_of(node: &Yaml<'_>) -> Result<String, NotRead> {
    match to_json(node)? {
        Value::String(name) => Ok(name),
        other => Err(NotRead::Foreign(format!("the name {other}"))),
    }
}

fn function(tag: &Tag, argument: Value) -> Value {
    match (tag.suffix.as_str(), argument) {
        (name @ ("Ref" | "Condition"), argument) => json!({ name: argument }),
        ("GetAtt", Value::String(path)) => json!({ "Fn::GetAtt": path.splitn(2, '.').collect::<Vec<_>>() }),
        (name, argument) => json!({ format!("Fn::{name}"): argument }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_is_read_as_json() {
        let text = "a: &a [1, -2.5, true, ~, '3', x y]\nb: *a\n\"200\": {c: |\n  two\n  lines\n}";
        let text = text.replace(": {c: |\n  two\n  lines\n}", ":\n  c: |\n    two\n    lines\n");
        let a = json!([1, -2.5, true, null, "3", "x y"]);
        assert_eq!(read(&text).unwrap(), json!({"a": a, "b": a, "200": {"c": "two\nlines\n"}}));
    }

    #[test]
    fn a_tag_is_the_function_that_it_stands_for() {
        let text = "a: !Ref X\nb: !GetAtt X.Y.Z\nc: !Sub 'a${X}'\nd: !If [C, !Ref X, 1]\ne: !Join\n  - ','\n  - - !Ref X\nf: !Equals [!Ref X, '']\ng: !Condition C";
        assert_eq!(
            read(text).unwrap(),
            json!({"a": {"Ref": "X"}, "b": {"Fn::GetAtt": ["X", "Y.Z"]}, "c": {"Fn::Sub": "a${X}"},
                "d": {"Fn::If": ["C", {"Ref": "X"}, 1]}, "e": {"Fn::Join": [",", [{"Ref": "X"}]]},
                "f": {"Fn::Equals": [{"Ref": "X"}, ""]}, "g": {"Condition": "C"}})
        );
    }

    #[test]
    fn what_json_cannot_say_is_an_error() {
        for text in ["a: 1\n---\nb: 2", "", "[a, b]: c", "1: c", "a: .nan", "a: [", "a: b: c"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
