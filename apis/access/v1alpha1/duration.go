package v1alpha1

import "time"

// A Duration such as 30s, 10m or 720h. It is a string, so that a wrong one is
// one object's problem: a typed duration that cannot be decoded would stop the
// watch of every object of its kind.
//
// +kubebuilder:validation:MaxLength=32
// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ns|us|ms|s|m|h))+$') && duration(self) >= duration('0s')",message="must be a duration such as 30s, 10m or 720h, and not negative"
type Duration string

// Value of the duration. The schema admits what can be parsed only; anything
// else counts as zero.
func (d *Duration) Value() time.Duration {
	if d == nil {
		return 0
	}
	v, err := time.ParseDuration(string(*d))
	if err != nil {
		return 0
	}
	return v
}
