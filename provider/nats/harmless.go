package nats

import (
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
)

// harmless refuses a change that NATS cannot make, and one that deletes what is
// stored now unless that is allowed.
func harmless(have *jetstream.StreamInfo, want jetstream.StreamConfig, shrink bool) error {
	c := have.Config
	switch {
	case want.Storage != c.Storage:
		return errors.Errorf("spec.forProvider.storage: it is stored in %s and NATS cannot move it: make a new one and copy", c.Storage)
	case want.Retention != c.Retention:
		return errors.Errorf("spec.forProvider.retention: it is %s and cannot be changed: make a new stream", c.Retention)
	case c.DenyDelete && !want.DenyDelete:
		return errors.New("spec.forProvider.denyDelete: it cannot be taken back")
	case c.DenyPurge && !want.DenyPurge:
		return errors.New("spec.forProvider.denyPurge: it cannot be taken back")
	case want.MaxConsumers != c.MaxConsumers:
		return errors.New("spec.forProvider.maxConsumers: it cannot be changed: make a new stream")
	case shrink:
		return nil
	}
	return keeps(have, want)
}

// keeps refuses limits below what is stored.
func keeps(have *jetstream.StreamInfo, want jetstream.StreamConfig) error {
	const mend = "is below what is stored now, which would be deleted: raise it, or set shrink to Allow"
	c, s := have.Config, have.State
	below := func(had, wants int64, stored uint64) bool {
		return wants > 0 && (had <= 0 || wants < had) && stored > uint64(wants)
	}
	oldest := time.Duration(0)
	if s.Msgs > 0 {
		oldest = have.TimeStamp.Sub(s.FirstTime)
	}
	switch {
	case below(c.MaxMsgs, want.MaxMsgs, s.Msgs):
		return errors.New("spec.forProvider.maxMessages " + mend)
	case below(c.MaxBytes, want.MaxBytes, s.Bytes):
		return errors.New("spec.forProvider.maxBytes " + mend)
	case below(c.MaxMsgsPerSubject, want.MaxMsgsPerSubject, perSubject(s)):
		return errors.New("spec.forProvider.maxMessagesPerSubject, or history of a KeyValue, " + mend)
	case want.MaxAge > 0 && (c.MaxAge <= 0 || want.MaxAge < c.MaxAge) && oldest > want.MaxAge:
		return errors.New("spec.forProvider.maxAge, or ttl of a bucket, " + mend)
	}
	return nil
}

// perSubject is how many messages a subject may have at most: all but one of
// each other subject.
func perSubject(s jetstream.StreamState) uint64 {
	if s.NumSubjects == 0 || s.Msgs < s.NumSubjects {
		return s.Msgs
	}
	return s.Msgs - s.NumSubjects + 1
}
