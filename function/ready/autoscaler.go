package ready

import "google.golang.org/protobuf/types/known/structpb"

// Autoscaler waits until a HorizontalPodAutoscaler can scale. It is not asked whether it knows the load: that comes and
// goes with the pods that it is measured in.
func Autoscaler(o *structpb.Struct) Verdict {
	if o == nil {
		return wait("Waiting to be created")
	}
	if Condition(o, "AbleToScale") == "False" {
		return wait(ConditionMessage(o, "AbleToScale"))
	}
	return Verdict{Ready: true}
}

// ScaledObject waits until KEDA has taken a ScaledObject up.
func ScaledObject(o *structpb.Struct) Verdict {
	if o == nil {
		return wait("Waiting to be created")
	}
	switch Condition(o, "Ready") {
	case "True":
		return Verdict{Ready: true}
	case "":
		return wait("Waiting for KEDA to take it up")
	}
	return wait(ConditionMessage(o, "Ready"))
}
