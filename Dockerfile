# The compile tools of one release, python3 for what drives them, and what answers questions about denials: the release's
# own policy, and setools, sepolgen and the selinux bindings that read it. The package step serves both families.
ARG BASE_IMAGE=quay.io/centos/centos:stream9
FROM ${BASE_IMAGE}

LABEL org.opencontainers.image.title="sepack toolchain" \
      org.opencontainers.image.description="Compiles SELinux policy modules for the release it is based on" \
      org.opencontainers.image.licenses="MIT"

RUN set -eu; \
    if command -v dnf >/dev/null; then \
        dnf --assumeyes --setopt=install_weak_deps=False --setopt=tsflags=nodocs install \
            checkpolicy policycoreutils libselinux-utils selinux-policy-devel m4 make findutils python3 \
            selinux-policy-targeted python3-setools python3-libselinux python3-policycoreutils; \
        dnf clean all; \
        rm -rf /var/cache/dnf; \
    elif command -v apt-get >/dev/null; then \
        apt-get update; \
        DEBIAN_FRONTEND=noninteractive apt-get --yes --no-install-recommends install \
            checkpolicy semodule-utils selinux-utils selinux-policy-dev m4 make findutils python3 \
            policycoreutils selinux-policy-default python3-setools python3-selinux python3-sepolgen; \
        rm -rf /var/lib/apt/lists/*; \
    else \
        echo "The base image has neither dnf nor apt-get." >&2; \
        exit 1; \
    fi; \
    : "The store is root's alone, and modules are linked in a copy of it by whoever builds."; \
    chmod --recursive a+rX /var/lib/selinux; \
    checkmodule -V
