package nats

import (
	"context"

	"github.com/nats-io/nats.go/jetstream"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
	"github.com/graphplane/graphplane/apis/nats/v1alpha1"
)

func streamForm() form[*v1alpha1.Stream] {
	return form[*v1alpha1.Stream]{
		stream: func(name string) string { return name },
		valid:  streamName,
		create: func(ctx context.Context, js jetstream.JetStream, name string, mg *v1alpha1.Stream) error {
			c := jetstream.StreamConfig{
				Name: name, Replicas: 1, MaxMsgs: -1, MaxBytes: -1, MaxMsgsPerSubject: -1, MaxMsgSize: -1, MaxConsumers: -1,
				Metadata: map[string]string{v1alpha1.OwnerMetadataKey: ownerOf(mg)},
			}
			overlayCommon(&mg.Spec.ForProvider.Common, &c)
			overlayStream(mg, &c)
			_, err := js.CreateStream(ctx, c)
			return err
		},
		overlay: overlayStream,
		common:  func(mg *v1alpha1.Stream) *v1alpha1.Common { return &mg.Spec.ForProvider.Common },
		status:  func(mg *v1alpha1.Stream) *v1alpha1.StoredObservation { return &mg.Status.AtProvider },
	}
}

func overlayStream(mg *v1alpha1.Stream, c *jetstream.StreamConfig) {
	p := mg.Spec.ForProvider
	if !sameSet(c.Subjects, p.Subjects) {
		c.Subjects = p.Subjects
	}
	if p.Retention != nil {
		c.Retention = retention(*p.Retention)
	}
	if p.Discard != nil {
		c.Discard = jetstream.DiscardOld
		if *p.Discard == v1alpha1.DiscardNew {
			c.Discard = jetstream.DiscardNew
		}
	}
	set(&c.MaxMsgs, p.MaxMessages)
	set(&c.MaxMsgsPerSubject, p.MaxMessagesPerSubject)
	set(&c.MaxMsgSize, p.MaxMessageSize)
	if p.MaxConsumers != nil {
		c.MaxConsumers = int(*p.MaxConsumers)
	}
	if p.MaxAge != nil {
		c.MaxAge = p.MaxAge.Value()
	}
	if p.DuplicateWindow != nil {
		c.Duplicates = p.DuplicateWindow.Value()
	}
	set(&c.DenyDelete, p.DenyDelete)
	set(&c.DenyPurge, p.DenyPurge)
	set(&c.AllowDirect, p.AllowDirect)
	set(&c.AllowRollup, p.AllowRollup)
}

func retention(r v1alpha1.RetentionPolicy) jetstream.RetentionPolicy {
	switch r {
	case v1alpha1.RetentionInterest:
		return jetstream.InterestPolicy
	case v1alpha1.RetentionWorkQueue:
		return jetstream.WorkQueuePolicy
	}
	return jetstream.LimitsPolicy
}

// sameSet tells whether two lists hold the same, in whatever order.
func sameSet(a, b []string) bool {
	in := map[string]bool{}
	for _, s := range a {
		in[s] = true
	}
	for _, s := range b {
		if !in[s] {
			return false
		}
	}
	return len(a) == len(b)
}

func keyValueForm() form[*v1alpha1.KeyValue] {
	return form[*v1alpha1.KeyValue]{
		stream: func(name string) string { return "KV_" + name },
		valid:  bucketName,
		create: func(ctx context.Context, js jetstream.JetStream, name string, mg *v1alpha1.KeyValue) error {
			p := mg.Spec.ForProvider
			c := jetstream.KeyValueConfig{
				Bucket: name, Storage: storage(p.Storage), TTL: p.TTL.Value(), Placement: placement(p.Placement),
				Compression: p.Compression != nil && *p.Compression, MaxBytes: -1, MaxValueSize: -1, History: 1, Replicas: 1,
				Metadata: map[string]string{v1alpha1.OwnerMetadataKey: ownerOf(mg)},
			}
			set(&c.Description, p.Description)
			set(&c.MaxBytes, p.MaxBytes)
			set(&c.MaxValueSize, p.MaxValueSize)
			if p.History != nil {
				c.History = uint8(*p.History) //nolint:gosec // At most 64.
			}
			if p.Replicas != nil {
				c.Replicas = int(*p.Replicas)
			}
			_, err := js.CreateKeyValue(ctx, c)
			return err
		},
		overlay: func(mg *v1alpha1.KeyValue, c *jetstream.StreamConfig) {
			p := mg.Spec.ForProvider
			set(&c.MaxMsgSize, p.MaxValueSize)
			if p.History != nil {
				c.MaxMsgsPerSubject = int64(*p.History)
			}
			ttl(p.TTL, c)
		},
		common: func(mg *v1alpha1.KeyValue) *v1alpha1.Common { return &mg.Spec.ForProvider.Common },
		status: func(mg *v1alpha1.KeyValue) *v1alpha1.StoredObservation { return &mg.Status.AtProvider },
	}
}

func objectStoreForm() form[*v1alpha1.ObjectStore] {
	return form[*v1alpha1.ObjectStore]{
		stream: func(name string) string { return "OBJ_" + name },
		valid:  bucketName,
		create: func(ctx context.Context, js jetstream.JetStream, name string, mg *v1alpha1.ObjectStore) error {
			p := mg.Spec.ForProvider
			c := jetstream.ObjectStoreConfig{
				Bucket: name, Storage: storage(p.Storage), TTL: p.TTL.Value(), Placement: placement(p.Placement),
				Compression: p.Compression != nil && *p.Compression, MaxBytes: -1, Replicas: 1,
				Metadata: map[string]string{v1alpha1.OwnerMetadataKey: ownerOf(mg)},
			}
			set(&c.Description, p.Description)
			set(&c.MaxBytes, p.MaxBytes)
			if p.Replicas != nil {
				c.Replicas = int(*p.Replicas)
			}
			_, err := js.CreateObjectStore(ctx, c)
			return err
		},
		overlay: func(mg *v1alpha1.ObjectStore, c *jetstream.StreamConfig) { ttl(mg.Spec.ForProvider.TTL, c) },
		common:  func(mg *v1alpha1.ObjectStore) *v1alpha1.Common { return &mg.Spec.ForProvider.Common },
		status:  func(mg *v1alpha1.ObjectStore) *v1alpha1.StoredObservation { return &mg.Status.AtProvider },
	}
}

// ttl of a bucket. The client that makes one keeps the window in which doubles
// are found within it, since the server refuses a longer one.
func ttl(d *access.Duration, c *jetstream.StreamConfig) {
	if d == nil {
		return
	}
	c.MaxAge = d.Value()
	if c.MaxAge > 0 && c.Duplicates > c.MaxAge {
		c.Duplicates = c.MaxAge
	}
}
