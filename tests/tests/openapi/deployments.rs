//! The SAM template and the Terraform module.

use tests::deployments::{Choices, sam::Template, terraform::Module};

use super::documented;

#[test]
fn the_sam_template_has_the_documented_routes_functions_and_authorizers() {
    assert_eq!(Template::read(Choices::default()).routes(), documented());
}

#[test]
fn the_terraform_module_has_the_documented_routes_functions_and_authorizers() {
    assert_eq!(Module::read(Choices::default()).routes(), documented());
}
