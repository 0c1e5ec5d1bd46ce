# Terraform 1.11 is the first with write-only arguments, which keep the cookie key out of the state. Every change is tried
# with version 5.100 of the provider; nothing is used that version 6 removed. Everything goes to the provider's region and
# account.
terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
  }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  # The attribute that is the region's name in versions 5 and 6 of the provider.
  region = data.aws_region.current.id
}
