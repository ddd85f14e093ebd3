#!/bin/sh
# Builds the image for both architectures, pushes it to the repository of a deployment and pins it there:
#
#   terraform/image.sh <directory of the root that was applied> <version>
#
# The digest goes into image.auto.tfvars.json in that directory, which the next terraform apply reads. A version that the
# repository has already is not built again: its tag can only ever name the one image. An empty directory stands for no
# deployment: the image is built and stays in the builder's cache. make image calls it at the top of the repository.
set -eu

deployment=$1
version=$2

fail() {
  for line in "$@"; do echo "$line" >&2; done
  exit 1
}

need() {
  command -v "$1" >/dev/null || fail "make image needs $1, $2"
}

build() {
  docker buildx build --platform linux/amd64,linux/arm64 --build-arg "VERSION=$version" "$@" . ||
    fail "the image was not built; if the driver cannot build for several platforms: docker buildx create --use"
}

need docker "which builds it: install Docker, https://docs.docker.com/engine/install"
docker buildx version >/dev/null 2>&1 || fail "make image needs docker buildx, which builds for two architectures: https://github.com/docker/buildx#installing"
tag=$(printf %s "$version" | tr -c 'A-Za-z0-9_.-' -)
if [ -z "$deployment" ]; then
  build --tag "cleanreach:$tag"
  exit
fi

need terraform "which knows the repository: https://developer.hashicorp.com/terraform/install"
need aws "which logs in to the repository: install the AWS CLI, https://aws.amazon.com/cli"
[ -d "$deployment" ] || fail "there is no directory $deployment: name the root that was applied, make image DEPLOYMENT=<directory>"
url=$(terraform -chdir="$deployment" output -raw repository_url) ||
  fail "$deployment has no output repository_url. Run terraform -chdir=$deployment apply first, which makes the repository;" \
    "or name another root, make image DEPLOYMENT=<directory>; or only build, make image DEPLOYMENT="
case $url in
  *.dkr.ecr.*.*/?*) ;;
  *) fail "the output repository_url of $deployment is no repository of ECR: $url" ;;
esac
registry=${url%%/*}
repository=${url#*/}
account=${registry%%.*}
region=${registry#*.dkr.ecr.}
region=${region%%.*}

# What is not committed has no name of its own, and a tag can be pushed once.
case $version in
  *-dirty | unknown) tag=$tag-$(date -u +%Y%m%d%H%M%S) ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if digest=$(aws ecr describe-images --region "$region" --registry-id "$account" --repository-name "$repository" \
  --image-ids "imageTag=$tag" --query 'imageDetails[0].imageDigest' --output text 2>"$work/errors"); then
  echo "$url:$tag is there already"
else
  grep -q ImageNotFoundException "$work/errors" || fail "look for $url:$tag: $(cat "$work/errors")"
  password=$(aws ecr get-login-password --region "$region") || fail "aws ecr get-login-password gave no password for $registry"
  printf %s "$password" | docker login --username AWS --password-stdin "$registry" || fail "docker could not log in to $registry"
  build --tag "$url:$tag" --push --metadata-file "$work/metadata.json"
  digest=$(tr -d '\n' <"$work/metadata.json" | sed -n 's/.*"containerimage\.digest": *"\([^"]*\)".*/\1/p')
fi

printf %s "$digest" | grep -Eqx 'sha256:[0-9a-f]{64}' || fail "the digest of $url:$tag is not known: \"$digest\""
printf '{"image_digest": "%s"}\n' "$digest" >"$work/pin"
mv "$work/pin" "$deployment/image.auto.tfvars.json"
echo "$url:$tag is $digest, pinned in $deployment/image.auto.tfvars.json. Now: terraform -chdir=$deployment apply"
