package simulator

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"
	"github.com/crossplane/crossplane-runtime/v2/pkg/resource"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"
)

// A service is what a cloud does for one kind of resource.
type service interface {
	calls

	// notice the faults in force.
	notice(r request)

	// immutable fields, in Terraform's notation.
	immutable() []string
}

// calls to the cloud's API.
type calls interface {
	observe(ctx context.Context, r request) (observation, error)
	create(ctx context.Context, r request) (name string, err error)
	update(ctx context.Context, r request) error
	remove(ctx context.Context, r request) error
}

// An observation of a resource in a cloud.
type observation struct {
	exists bool

	// name is the external name.
	name string

	// actual is what the cloud has of what can be asked for, computed what it adds.
	actual, computed params
}

// carrier is what has a Managed in it.
type carrier interface{ managed() *Managed }

// external is a client of a cloud that behaves as upjet's does.
// https://github.com/crossplane/upjet/blob/main/pkg/controller/external_tfpluginsdk.go
type external struct {
	service service
	request request
}

// diagnose formats an error as upjet formats Terraform's diagnostics.
func diagnose(what string, err error) error {
	return fmt.Errorf("failed to %s the resource: [{0 %w  []}]", what, err)
}

// Observe the resource. Ready says that it exists.
func (e *external) Observe(ctx context.Context, mg resource.Managed) (managed.ExternalObservation, error) {
	m, err := unwrap(mg)
	if err != nil {
		return managed.ExternalObservation{}, err
	}

	o, err := e.service.observe(ctx, e.request)
	if err != nil {
		return managed.ExternalObservation{}, diagnose("observe", err)
	}

	if !o.exists {
		return managed.ExternalObservation{}, nil
	}

	m.SetConditions(xpv2.Available())

	if m.Status.AtProvider, err = json.Marshal(o.computed.over(o.actual)); err != nil {
		return managed.ExternalObservation{}, errors.Wrap(err, "could not set observation")
	}

	late, err := lateInitialize(m, o)
	if err != nil {
		return managed.ExternalObservation{}, errors.Wrap(err, "cannot late-initialize the managed resource")
	}

	renamed := meta.GetExternalName(m) != o.name
	meta.SetExternalName(m, o.name)

	// Google's provider takes no change of the count that a pool began with for one.
	e.request.changes = diff(e.request.asked, o.computed.over(o.actual), append(e.request.exclusive, "initialNodeCount"))

	return managed.ExternalObservation{
		ResourceExists: true, ResourceUpToDate: len(e.request.changes) == 0, ResourceLateInitialized: late || renamed,
	}, nil
}

// lateInitialize writes what the cloud chose into fields that nobody set, if the policies say so.
func lateInitialize(m *Managed, o observation) (bool, error) {
	policies := m.GetManagementPolicies()
	wanted := len(policies) == 0

	for _, p := range policies {
		wanted = wanted || p == xpv2.ManagementActionAll || p == xpv2.ManagementActionLateInitialize
	}

	if !wanted {
		return false, nil
	}

	asked, err := parseParams(m.Spec.ForProvider)
	if err != nil {
		return false, err
	}

	initial, err := parseParams(m.Spec.InitProvider)
	if err != nil {
		return false, err
	}

	filled := maps.Clone(asked)

	for k, v := range o.actual {
		_, isAsked := asked[k]
		_, isInitial := initial[k]

		if !isAsked && !isInitial && !notInitialized(k) {
			filled[k] = v
		}
	}

	if len(filled) == len(asked) {
		return false, nil
	}

	m.Spec.ForProvider, err = json.Marshal(filled)

	return true, err
}

// notInitialized are the fields that the providers leave out of late initialization.
func notInitialized(field string) bool {
	switch field {
	case "version", "releaseVersion", "nodeCount", "initialNodeCount", "nodeLabels":
		return true
	}

	return false
}

// Create the resource.
func (e *external) Create(ctx context.Context, mg resource.Managed) (managed.ExternalCreation, error) {
	m, err := unwrap(mg)
	if err != nil {
		return managed.ExternalCreation{}, err
	}

	name, err := e.create(ctx)
	if err != nil {
		return managed.ExternalCreation{}, err
	}

	meta.SetExternalName(m, name)

	return managed.ExternalCreation{}, nil
}

func (e *external) create(ctx context.Context) (string, error) {
	name, err := e.service.create(ctx, e.request)
	if err != nil {
		return "", diagnose("create", err)
	}

	return name, nil
}

// Update the resource.
func (e *external) Update(ctx context.Context, _ resource.Managed) (managed.ExternalUpdate, error) {
	return managed.ExternalUpdate{}, e.update(ctx)
}

// update the resource, unless that would take another.
func (e *external) update(ctx context.Context) error {
	for _, c := range e.request.changes {
		for _, prefix := range e.service.immutable() {
			if c.path == prefix || strings.HasPrefix(c.path, prefix+".") {
				return errors.Errorf("refuse to update the external resource because the following update requires replacing it: "+
					"cannot change the value of the argument %q from %q to %q", c.path, c.old, c.new)
			}
		}
	}

	if err := e.service.update(ctx, e.request); err != nil {
		return diagnose("update", err)
	}

	return nil
}

// Delete the resource.
func (e *external) Delete(ctx context.Context, _ resource.Managed) (managed.ExternalDelete, error) {
	return managed.ExternalDelete{}, e.remove(ctx)
}

func (e *external) remove(ctx context.Context) error {
	if err := e.service.remove(ctx, e.request); err != nil {
		return diagnose("delete", err)
	}

	return nil
}

// Disconnect does nothing.
func (e *external) Disconnect(context.Context) error { return nil }

func unwrap(mg resource.Managed) (*Managed, error) {
	c, ok := mg.(carrier)
	if !ok {
		return nil, errors.Errorf("unexpected type %T", mg)
	}

	return c.managed(), nil
}
