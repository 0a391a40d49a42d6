package cloud

import "testing"

func TestClassify(t *testing.T) {
	cases := map[string]struct {
		reason   string
		provider Provider
		message  string
		want     Failure
		code     string
	}{
		"None":        {"No message is no failure", EKS, "", FailureNone, ""},
		"AWS":         {"EKS passes on the code of EC2", EKS, "async create failed: AsgInstanceLaunchFailures: Could not launch On-Demand Instances. InsufficientInstanceCapacity - We currently do not have sufficient p5.48xlarge capacity", FailureCapacity, "InsufficientInstanceCapacity"},
		"Block":       {"A reservation that is used up", EKS, "ReservationCapacityExceeded: cr-1", FailureCapacity, "ReservationCapacityExceeded"},
		"NotHere":     {"A zone without the machine", EKS, "api error Unsupported: Your requested instance type is not supported in your requested Availability Zone", FailureCapacity, "Unsupported"},
		"Unsupported": {"The word alone is no code", EKS, "Unsupported attribute in template", FailureOther, ""},
		"VCPU":        {"A quota is the same for all machines", EKS, "VcpuLimitExceeded: You have requested more vCPU capacity than your current limit", FailureQuota, "VcpuLimitExceeded"},
		"Addresses":   {"So is a subnet", EKS, "InsufficientFreeAddressesInSubnet: subnet-1", FailureAddresses, "InsufficientFreeAddressesInSubnet"},
		"Both":        {"What must stop comes first", EKS, "InsufficientInstanceCapacity; VcpuLimitExceeded", FailureQuota, "VcpuLimitExceeded"},
		"Permission":  {"A permission is a mistake", EKS, "UnauthorizedOperation: not authorized to perform ec2:RunInstances", FailurePermission, "UnauthorizedOperation"},
		"Google":      {"The whole code is reported", GKE, "Error waiting for creating GKE NodePool: googleapi: ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS", FailureCapacity, "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS"},
		"GoogleQuota": {"A quota", GKE, "QUOTA_EXCEEDED: Quota 'NVIDIA_H100_GPUS' exceeded", FailureQuota, "QUOTA_EXCEEDED"},
		"GoogleIP":    {"Addresses", GKE, "IP_SPACE_EXHAUSTED", FailureAddresses, "IP_SPACE_EXHAUSTED"},
		"Azure":       {"Azure's own name of an allocation that failed", AKS, "Code=\"ZonalAllocationFailed\" Message=\"Allocation failed\"", FailureCapacity, "ZonalAllocationFailed"},
		"AzureSKU":    {"A size that is not there", AKS, "SkuNotAvailable: The requested size is not available", FailureCapacity, "SkuNotAvailable"},
		"AzureQuota":  {"A quota", AKS, "ErrCode_InsufficientVCPUQuota: Insufficient vcpu quota", FailureQuota, "ErrCode_InsufficientVCPUQuota"},
		"Other":       {"What is not known stops", AKS, "connection refused", FailureOther, ""},
		"OtherCloud":  {"Codes are those of their cloud", GKE, "InsufficientInstanceCapacity", FailureOther, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, code := Classify(tc.provider, tc.message)
			if got != tc.want || code != tc.code {
				t.Errorf("%s\nwant %s by %q, got %s by %q", tc.reason, tc.want, tc.code, got, code)
			}
		})
	}
}

func TestSentence(t *testing.T) {
	one := Sentence("operation error EC2: RunInstances, RequestID: 1a-2b, InsufficientInstanceCapacity:\n  none left")
	two := Sentence("operation error EC2: RunInstances, RequestID: 3c-4d, InsufficientInstanceCapacity:\n  none left")
	if one != two || one != "operation error EC2: RunInstances, InsufficientInstanceCapacity: none left" {
		t.Errorf("%q, %q", one, two)
	}
}
