/*
Package simulator plays the parts of Amazon, Google and Azure that a node pool has to do with, so that what is composed for
them meets the real API server, Crossplane and scheduler, and no bill.

Three parts are kept apart, as they are in the world:

  - The cloud: pools, launch templates and placement groups, which a call makes or refuses, and machines that come, or do
    not come, some time later. It keeps its state in memory. Clouds are in amazon.go, google.go and azure.go.
  - The provider: a controller for each kind of managed resource, which is crossplane-runtime's own reconciler with an
    external client that behaves as upjet's does, in sync.go and async.go.
  - What runs in the cluster: the kubelet that registers a machine as a node, which is KWOK, NVIDIA's DRA driver, which
    publishes its GPUs, and the cluster autoscaler, which judges by a pool's template node what a pending pod would fit, and
    reports in the ConfigMap kube-system/cluster-autoscaler-status.

# What the provider reports

As upjet does it, which is worth knowing before one reads its conditions:

  - Ready says that the pool exists. A pool that could not get its machines exists too.
  - An error of a create or update is in LastAsyncOperation and Synced. An error by which nothing came to exist (a quota
    checked up front, a missing permission, a bad parameter) stays there while it is tried again. An error after the pool
    came to exist (no capacity) is cleared by the first observation that follows, since there is nothing left to do. Of a
    node group it leaves status.atProvider.status CREATE_FAILED, of the pools of the other clouds nothing.
  - A pool that has been Ready and gets no more machines reports it nowhere but in status.atProvider.status of a node group
    (DEGRADED), in the autoscaler's status and in its events about the pods.

# What is shorter than in the world

Machines boot in a second, calls take one, providers poll every second, an idle node is removed after ten, and an error that
is going to be cleared is shown for Options.Linger. What is not played: drift, late initialization of more than the cloud's
defaults, prices, upgrades and repair.
*/
package simulator
