# syntax=docker/dockerfile:1

# The image of every task: one static binary, no shell, no root. make image builds it for both architectures.
FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
WORKDIR /src

# The modules by themselves, so that a change of the code does not fetch them again.
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download

COPY internal internal
COPY tasks tasks
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=unknown
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags "-s -w -X main.release=$VERSION" -o /out/cleanreach ./tasks

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/cleanreach /cleanreach
USER nonroot:nonroot
ENTRYPOINT ["/cleanreach"]
