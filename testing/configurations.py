"""Configurations for tests to start from."""

from quaymaster.configuration.configuration import Configuration

SHOP_TEXT = """\
default_registry: registry.staging:5000
registries:
  registry.staging:5000: {username: ci, password: "${STAGING_REGISTRY_PASSWORD}"}
  registry.prod: {}
hosts:
  build1: {docker: "unix:///var/run/docker.sock"}
  app1: {docker: "ssh://deploy@app1.example.com", allow_paths: [/srv/data]}
environments:
  staging:
    target: {docker: [build1]}
    services:
      web: {image: shop/web, ports: ["8080:8000"], channel: C0SHOP}
      worker: {image: shop/jobs}
      mailer: {image: shop/jobs}
  production:
    target: {docker: [app1]}
    approval: {needed: 2, from: [release-managers], channel: C0RELEASE}
    gate: {block: medium}
    services:
      web: {image: registry.prod/shop/web, gate: {unknown: allow}}
roles:
  release-managers: [U0RITA, U0RAJ, S0RELEASE]
  developers: everyone
permissions:
  developers: [read, tag, push, pull, scan, deploy, "rollback:staging"]
  release-managers: ["*"]
"""

SHOP = Configuration.parse(SHOP_TEXT)
"""Two hosts, two environments, two registries."""

SMALL_TEXT = """\
default_registry: 127.0.0.1:5000
hosts: {build1: {}}
"""

SMALL = Configuration.parse(SMALL_TEXT)
"""The least that there can be: one registry, one host."""
