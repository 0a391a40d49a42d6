package controlplane

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/graphplane/graphplane/test/controlplane/simulator"
)

// startClouds defines the kinds of the cloud providers, gives every cloud an account, which is the ClusterProviderConfig
// called default, and plays the providers, the clouds and the autoscalers.
func (cp *ControlPlane) startClouds(ctx context.Context) error {
	definitions, err := minimalDefinitions(cp.options.Root, "clouds")
	if err != nil {
		return err
	}

	for _, s := range cloudDefinitions() {
		objs, err := s.objects(ctx, cp.tools)
		if err != nil {
			return err
		}

		definitions = append(definitions, objs...)
	}

	if err := cp.define(ctx, "clouds", definitions); err != nil {
		return err
	}

	if err := cp.Apply(ctx, "", cloudAccounts()...); err != nil {
		return err
	}

	return cp.runClouds(ctx)
}

// runClouds in the background, and wait until the providers have started.
func (cp *ControlPlane) runClouds(ctx context.Context) error {
	o := simulator.Options{Config: cp.Config(), Local: cp.client, Logf: cp.log.printf}
	if cp.Remote != nil {
		o.Remote, o.RemoteClusters = cp.Remote.client, []string{RemoteConfig}
	}

	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	cp.stopClouds = cancel

	ready := make(chan struct{})

	cp.background.Go(func() {
		err := simulator.New(o).Run(background, func() { close(ready) })
		if background.Err() == nil {
			cp.super.fail(fmt.Errorf("the clouds ended unexpectedly: %w", err))
		}
	})

	select {
	case <-ready:
		return nil
	case <-cp.super.failed:
		return cp.super.err
	case <-ctx.Done():
		return fmt.Errorf("cannot wait for the clouds: %w", context.Cause(ctx))
	}
}

func cloudAccounts() []*unstructured.Unstructured {
	var out []*unstructured.Unstructured

	for group, spec := range map[string]map[string]any{
		"aws.m.upbound.io": {},
		"gcp.m.upbound.io": {"projectID": "graphplane"},
		"azure.m.upbound.io": {
			"subscriptionID": "00000000-0000-0000-0000-000000000000", "tenantID": "00000000-0000-0000-0000-000000000000",
		},
	} {
		spec["credentials"] = map[string]any{"source": "None"}
		out = append(out, &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": group + "/v1beta1", "kind": "ClusterProviderConfig",
			"metadata": map[string]any{"name": "default"}, "spec": spec,
		}})
	}

	return out
}
