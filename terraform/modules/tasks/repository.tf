# Immutable tags: what a tag named when it was reviewed is what it names for ever.
resource "aws_ecr_repository" "tasks" {
  name                 = var.name
  image_tag_mutability = "IMMUTABLE"
  force_delete         = var.force_delete
  tags                 = local.tags

  image_scanning_configuration {
    scan_on_push = true
  }

  # The data key and not one more: without it no task could do anything, so without it none need start. ECR reads images
  # under a grant of its own, for this repository alone.
  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = var.data_key_arn
  }
}

# An index of both architectures is tagged and the two images that it names are not; ECR removes none that an index names.
resource "aws_ecr_lifecycle_policy" "tasks" {
  repository = aws_ecr_repository.tasks.name
  policy = jsonencode({
    rules = [
      {
        rulePriority = 1
        description  = "keep the last ${var.keep_images} releases"
        selection    = { tagStatus = "tagged", tagPatternList = ["*"], countType = "imageCountMoreThan", countNumber = var.keep_images }
        action       = { type = "expire" }
      },
      {
        rulePriority = 2
        description  = "remove what no release names any more"
        selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = 7 }
        action       = { type = "expire" }
      },
    ]
  })
}
