//! `infra/openapi.yaml` says what there is: the functions, the local gateway, cargo lambda's router and both deployments
//! have its routes, its examples are examples, and its parameters are those that are read.

#[cfg(test)]
mod openapi {
    use std::{
        collections::BTreeSet,
        fs,
        path::{Path, PathBuf},
    };

    use tests::description::Description;

    mod examples;
    mod functions;
    mod parameters;
    mod problems;
    mod routers;
    mod sam;
    mod terraform;

    /// A route, the function that answers it, and whether its callers sign with AWS IAM.
    type Served = (String, String, bool);

    fn documented() -> BTreeSet<Served> {
        let operations = Description::get().operations().iter();
        operations.map(|it| (it.route.clone(), it.function.clone(), it.is_signed)).collect()
    }

    /// The root of the workspace.
    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    /// The text of a file that there has to be.
    fn text(path: &str) -> String {
        fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// The names of the functions' folders.
    fn function_folders() -> Vec<String> {
        let entries = fs::read_dir(root().join("functions")).unwrap().map(Result::unwrap);
        entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
    }

    /// Whether API Gateway's authorizer lets only callers with a signature through; another authorizer is none of ours.
    fn is_signed(authorization_type: &str) -> bool {
        match authorization_type {
            "AWS_IAM" => true,
            "NONE" => false,
            other => panic!("{other} is no authorizer of this API"),
        }
    }
}
