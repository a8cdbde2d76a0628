"""The /etc/os-release of real systems, cut to what is read, and the release that each is."""

from __future__ import annotations

OS_RELEASES: dict[str, tuple[str, str]] = {
    "centos 7": ('NAME="CentOS Linux"\nID="centos"\nID_LIKE="rhel fedora"\nVERSION_ID="7"\n', "el7"),
    "rhel 7": ('ID="rhel"\nID_LIKE="fedora"\nVERSION_ID="7.9"\n', "el7"),
    "oracle 7": ('ID="ol"\nID_LIKE="fedora"\nVERSION_ID="7.9"\n', "el7"),
    "centos 8": ('ID="centos"\nID_LIKE="rhel fedora"\nVERSION_ID="8"\nPLATFORM_ID="platform:el8"\n', "el8"),
    "rhel 8": ('ID="rhel"\nID_LIKE="fedora"\nVERSION_ID="8.10"\nPLATFORM_ID="platform:el8"\n', "el8"),
    "rocky 8": ('ID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="8.9"\nPLATFORM_ID="platform:el8"\n', "el8"),
    "alma 8": ('ID="almalinux"\nID_LIKE="rhel centos fedora"\nVERSION_ID="8.10"\nPLATFORM_ID="platform:el8"\n', "el8"),
    "oracle 8": ('ID="ol"\nID_LIKE="fedora"\nVERSION_ID="8.9"\nPLATFORM_ID="platform:el8"\n', "el8"),
    "stream 9": ('NAME="CentOS Stream"\nID="centos"\nVERSION_ID="9"\nPLATFORM_ID="platform:el9"\n', "el9"),
    "rhel 9": ('ID="rhel"\nVERSION_ID="9.4"\nPLATFORM_ID="platform:el9"\n', "el9"),
    "rocky 9": ('ID="rocky"\nVERSION_ID="9.5"\nPLATFORM_ID="platform:el9"\n', "el9"),
    "alma 9": ('ID="almalinux"\nVERSION_ID="9.6"\nPLATFORM_ID="platform:el9"\n', "el9"),
    "oracle 9": ('ID="ol"\nVERSION_ID="9.4"\nPLATFORM_ID="platform:el9"\n', "el9"),
    "rhcos on 9": ('ID="rhcos"\nID_LIKE="rhel fedora"\nVERSION_ID="4.13"\nPLATFORM_ID="platform:el9"\n', "el9"),
    "stream 10": ('ID="centos"\nVERSION_ID="10"\nPLATFORM_ID="platform:el10"\n', "el10"),
    "rhel 10": ('ID="rhel"\nVERSION_ID="10.0"\nPLATFORM_ID="platform:el10"\n', "el10"),
    "rocky 10": ('ID="rocky"\nVERSION_ID="10.0"\nPLATFORM_ID="platform:el10"\n', "el10"),
    "alma 10": ('ID="almalinux"\nVERSION_ID="10.1"\nPLATFORM_ID="platform:el10"\n', "el10"),
    "oracle 10": ('ID="ol"\nVERSION_ID="10.0"\nPLATFORM_ID="platform:el10"\n', "el10"),
    "fedora": ('ID=fedora\nVERSION_ID=44\nPLATFORM_ID="platform:f44"\n', "fedora"),
    "debian 11": ('ID=debian\nVERSION_ID="11"\n', "unknown"),
    "debian 12": ('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n', "debian12"),
    "debian 13": ('ID=debian\nVERSION_ID="13"\n', "unknown"),
    "debian testing": ("ID=debian\n", "unknown"),
    "ubuntu": ('PRETTY_NAME="Ubuntu 24.04 LTS"\nID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\n', "unknown"),
    "amazon": ('ID="amzn"\nID_LIKE="fedora"\nVERSION_ID="2023"\nPLATFORM_ID="platform:al2023"\n', "unknown"),
    "nothing": ("", "unknown"),
}
