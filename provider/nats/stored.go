package nats

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"
	"github.com/crossplane/crossplane-runtime/v2/pkg/resource"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
	"github.com/graphplane/graphplane/apis/nats/v1alpha1"
	shared "github.com/graphplane/graphplane/provider/managed"
)

// A form is what a Stream, a KeyValue and an ObjectStore differ in. All three
// are streams.
type form[T resource.ModernManaged] struct {
	// stream that stores what has a name.
	stream func(name string) string
	// valid name, or why it is not.
	valid func(name string) error
	// create it.
	create func(ctx context.Context, js jetstream.JetStream, name string, mg T) error
	// overlay what the spec sets, and only that.
	overlay func(mg T, c *jetstream.StreamConfig)
	// common part of the spec, and the status.
	common func(mg T) *v1alpha1.Common
	status func(mg T) *v1alpha1.StoredObservation
}

func connectStored[T resource.ModernManaged](c *connector, f form[T]) shared.ConnectFn[T] {
	return func(ctx context.Context, mg T) (managed.TypedExternalClient[T], error) {
		if err := f.valid(meta.GetExternalName(mg)); err != nil {
			return nil, errors.Wrap(err, "metadata.annotations[crossplane.io/external-name]")
		}
		_, lease, err := c.Connect(ctx, mg)
		if err != nil {
			return nil, err
		}
		return &stored[T]{form: f, lease: lease}, nil
	}
}

// stored is a stream or a bucket.
type stored[T resource.ModernManaged] struct {
	form  form[T]
	lease *shared.Lease[*System]
}

// Observe the stream.
func (s *stored[T]) Observe(ctx context.Context, mg T) (managed.ExternalObservation, error) {
	info, err := s.info(ctx, mg)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return managed.ExternalObservation{}, nil
	}
	if err != nil {
		return unavailable(mg, err)
	}
	observeStored(s.form.status(mg), meta.GetExternalName(mg), info)
	if owner := info.Config.Metadata[v1alpha1.OwnerMetadataKey]; owner != "" && owner != ownerOf(mg) && shared.MayChange(mg) {
		return foreign(mg, owner)
	}
	mg.SetConditions(storedReady(info))
	want := s.desired(mg, info)
	o := managed.ExternalObservation{ResourceExists: true, ResourceUpToDate: reflect.DeepEqual(want, info.Config)}
	if !o.ResourceUpToDate {
		o.Diff = cmp.Diff(info.Config, want)
	}
	return o, nil
}

// Create the stream. One that is there already is adopted at the next look.
func (s *stored[T]) Create(ctx context.Context, mg T) (managed.ExternalCreation, error) {
	js, err := s.jetstream()
	if err != nil {
		return managed.ExternalCreation{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err = s.form.create(ctx, js, meta.GetExternalName(mg), mg)
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) || errors.Is(err, jetstream.ErrBucketExists) {
		return managed.ExternalCreation{}, nil
	}
	return managed.ExternalCreation{}, worded(err)
}

// Update the stream, unless that would lose what it stores.
func (s *stored[T]) Update(ctx context.Context, mg T) (managed.ExternalUpdate, error) {
	info, err := s.info(ctx, mg)
	if err != nil {
		return managed.ExternalUpdate{}, worded(err)
	}
	want := s.desired(mg, info)
	if err := harmless(info, want, s.form.common(mg).Shrink == v1alpha1.ShrinkAllow); err != nil {
		return managed.ExternalUpdate{}, err
	}
	js, err := s.jetstream()
	if err != nil {
		return managed.ExternalUpdate{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err = js.UpdateStream(ctx, want)
	return managed.ExternalUpdate{}, worded(err)
}

// Delete the stream and all that it stores.
func (s *stored[T]) Delete(ctx context.Context, mg T) (managed.ExternalDelete, error) {
	js, err := s.jetstream()
	if err != nil {
		return managed.ExternalDelete{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err = js.DeleteStream(ctx, s.form.stream(meta.GetExternalName(mg)))
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return managed.ExternalDelete{}, nil
	}
	return managed.ExternalDelete{}, worded(err)
}

// Disconnect gives the client back.
func (s *stored[T]) Disconnect(context.Context) error {
	s.lease.Release()
	return nil
}

func (s *stored[T]) jetstream() (jetstream.JetStream, error) {
	c, err := s.lease.System.Conn()
	if err != nil {
		return nil, err
	}
	js, err := jetstream.New(c)
	return js, errors.Wrap(err, "cannot use JetStream")
}

func (s *stored[T]) info(ctx context.Context, mg T) (*jetstream.StreamInfo, error) {
	js, err := s.jetstream()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	st, err := js.Stream(ctx, s.form.stream(meta.GetExternalName(mg)))
	if err != nil {
		return nil, err
	}
	return st.CachedInfo(), nil
}

// desired config: what is there, with what the spec sets on top. So defaults of
// the server and what others have set stay.
func (s *stored[T]) desired(mg T, info *jetstream.StreamInfo) jetstream.StreamConfig {
	want := info.Config
	want.Metadata = maps.Clone(want.Metadata)
	if want.Placement != nil {
		p := *want.Placement
		want.Placement = &p
	}
	overlayCommon(s.form.common(mg), &want)
	s.form.overlay(mg, &want)
	if shared.MayChange(mg) {
		if want.Metadata == nil {
			want.Metadata = map[string]string{}
		}
		want.Metadata[v1alpha1.OwnerMetadataKey] = ownerOf(mg)
	}
	return want
}

func overlayCommon(c *v1alpha1.Common, out *jetstream.StreamConfig) {
	set(&out.Description, c.Description)
	if c.Storage != nil {
		out.Storage = storage(c.Storage)
	}
	if c.Replicas != nil {
		out.Replicas = int(*c.Replicas)
	}
	set(&out.MaxBytes, c.MaxBytes)
	if c.Compression != nil {
		out.Compression = compression(c.Compression)
	}
	if c.Placement != nil {
		out.Placement = placement(c.Placement)
	}
}

func set[V any](to, from *V) {
	if from != nil {
		*to = *from
	}
}

func storage(s *v1alpha1.StorageType) jetstream.StorageType {
	if s != nil && *s == v1alpha1.StorageMemory {
		return jetstream.MemoryStorage
	}
	return jetstream.FileStorage
}

func compression(c *bool) jetstream.StoreCompression {
	if c != nil && *c {
		return jetstream.S2Compression
	}
	return jetstream.NoCompression
}

func placement(p *v1alpha1.Placement) *jetstream.Placement {
	if p == nil {
		return nil
	}
	out := &jetstream.Placement{Tags: slices.Clone(p.Tags)}
	set(&out.Cluster, p.Cluster)
	return out
}

// ownerOf what a resource manages.
func ownerOf(mg resource.Managed) string { return mg.GetNamespace() + "/" + mg.GetName() }

// foreign is what another resource manages: it is neither changed nor deleted.
func foreign(mg resource.Managed, owner string) (managed.ExternalObservation, error) { //nolint:unparam // It ends an Observe, which returns both.
	if meta.WasDeleted(mg) {
		return managed.ExternalObservation{}, nil
	}
	err := errors.Errorf("%q manages it already: choose another external name, or set spec.managementPolicies to [Observe]", owner)
	mg.SetConditions(shared.Condition(xpv2.TypeReady, shared.False, v1alpha1.ReasonOwnedByAnother, shared.Sentence(err.Error())))
	return managed.ExternalObservation{}, err
}

// silence after which a replica does not count: it answers its leader's heartbeat
// once a second.
const silence = 3 * time.Second

// storedReady tells whether the stream takes messages: it has a leader, and that
// has a majority with it. A leader that has lost its majority answers for ten
// seconds more, and calls a replica current until then.
func storedReady(info *jetstream.StreamInfo) xpv2.Condition {
	if info.Cluster == nil {
		return shared.Condition(xpv2.TypeReady, shared.True, access.ReasonAvailable, "")
	}
	if info.Cluster.Leader == "" {
		return shared.Condition(xpv2.TypeReady, shared.False, v1alpha1.ReasonNoLeader, "It has no leader: a majority of its replicas is lost")
	}
	current := 1
	for _, r := range info.Cluster.Replicas {
		if r.Current && !r.Offline && r.Active < silence {
			current++
		}
	}
	if 2*current <= info.Config.Replicas {
		return shared.Condition(xpv2.TypeReady, shared.False, access.ReasonNoQuorum, "Its leader does not reach a majority of its replicas")
	}
	return shared.Condition(xpv2.TypeReady, shared.True, access.ReasonAvailable, "")
}

func observeStored(out *v1alpha1.StoredObservation, name string, info *jetstream.StreamInfo) {
	created := metav1.NewTime(info.Created.UTC().Truncate(1e9))
	*out = v1alpha1.StoredObservation{
		Name: name, Stream: info.Config.Name, Storage: v1alpha1.StorageFile, Created: &created,
		Replicas: int32(info.Config.Replicas), //nolint:gosec // At most five.
	}
	if info.Config.Storage == jetstream.MemoryStorage {
		out.Storage = v1alpha1.StorageMemory
	}
	if info.Cluster != nil {
		out.Cluster = info.Cluster.Name
	}
}

// worded turns an error into words that stay the same.
func worded(err error) error {
	if err == nil {
		return nil
	}
	return errors.New(faultOf(err).message)
}

// streamName checks the name of a stream.
func streamName(name string) error {
	if name == "" || strings.ContainsAny(name, " .*>/\\\t\r\n") || len(name) > 255 {
		return errors.Errorf("%q cannot be the name of a stream: use letters, digits, - and _ only", name)
	}
	return nil
}

// bucketName checks the name of a bucket.
func bucketName(name string) error {
	ok := func(r rune) bool {
		return r == '-' || r == '_' || (r >= '0' && r <= '9') || (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z')
	}
	if name == "" || len(name) > 240 || strings.ContainsFunc(name, func(r rune) bool { return !ok(r) }) {
		return errors.Errorf("%q cannot be the name of a bucket: use letters, digits, - and _ only", name)
	}
	return nil
}
