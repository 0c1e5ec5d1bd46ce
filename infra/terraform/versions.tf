# Terraform 1.11 is the first with write-only arguments, which keep the cookie key out of the state; the provider has
# them from 5.100 on for what is used here. The provider's region and account are where everything goes.
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
