/*
Package controlplane runs a real control plane on loopback: etcd, the
Kubernetes API server, controller manager and scheduler, KWOK nodes in place of
machines, an OCI registry, and Crossplane with its RBAC manager and ordinary
rights. It needs Go and Linux, and neither Docker nor root.

Every part is built from the Go module that a go.mod below tools/ pins. Three things
that a cluster has and a laptop has not are played by this package:

  - The kubelets, by KWOK. Pods are scheduled for real and then said to run.
  - The storage driver. A claim gets a PersistentVolume that holds nothing.
  - Crossplane's package runtime (--package-runtime=External). The entrypoint of
    a package's image is unpacked from the registry and runs as a child process.

With Options.Systems it also runs an etcd cluster and a NATS system, of three
servers each, with TLS and users, for graphs to use. Tests may break them.

A second cluster with an API server, controllers, scheduler and nodes of its own can be had, which provider-kubernetes, the
real one too, writes to.
*/
package controlplane
