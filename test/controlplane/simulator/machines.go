package simulator

// A machine is what a machine type has.
type machine struct {
	// GPU is the cloud's own name of the accelerator.
	GPU  string
	GPUs int

	CPU       int
	MemoryMiB int

	// EFA interfaces that the machine can have, and network cards it has if they are more than one.
	EFA   int
	Cards int

	// TCPX are the networks of GPUDirect-TCPX and TCPXO, RDMA those of RoCE or InfiniBand.
	TCPX int
	RDMA int

	Arm bool
	MIG bool
}

func (m machine) arch() string {
	if m.Arm {
		return "arm64"
	}

	return "amd64"
}

// amazonMachines are machine types of Amazon. All catalogues are the clouds' side of the story, and so are not taken from
// the function's own table, against which they are a test. This one is from instance-types.md of
// aws/karpenter-provider-aws, with network cards from limits.go of aws/amazon-vpc-resource-controller-k8s.
func amazonMachines() map[string]machine {
	return map[string]machine{
		"g5.xlarge":          {GPU: "a10g", GPUs: 1, CPU: 4, MemoryMiB: 16384},
		"g5.2xlarge":         {GPU: "a10g", GPUs: 1, CPU: 8, MemoryMiB: 32768},
		"g5.4xlarge":         {GPU: "a10g", GPUs: 1, CPU: 16, MemoryMiB: 65536},
		"g5.8xlarge":         {GPU: "a10g", GPUs: 1, CPU: 32, MemoryMiB: 131072, EFA: 1},
		"g5.12xlarge":        {GPU: "a10g", GPUs: 4, CPU: 48, MemoryMiB: 196608, EFA: 1},
		"g5.16xlarge":        {GPU: "a10g", GPUs: 1, CPU: 64, MemoryMiB: 262144, EFA: 1},
		"g5.24xlarge":        {GPU: "a10g", GPUs: 4, CPU: 96, MemoryMiB: 393216, EFA: 1},
		"g5.48xlarge":        {GPU: "a10g", GPUs: 8, CPU: 192, MemoryMiB: 786432, EFA: 1},
		"g6.xlarge":          {GPU: "l4", GPUs: 1, CPU: 4, MemoryMiB: 16384},
		"g6.2xlarge":         {GPU: "l4", GPUs: 1, CPU: 8, MemoryMiB: 32768},
		"g6.4xlarge":         {GPU: "l4", GPUs: 1, CPU: 16, MemoryMiB: 65536},
		"g6.8xlarge":         {GPU: "l4", GPUs: 1, CPU: 32, MemoryMiB: 131072, EFA: 1},
		"g6.12xlarge":        {GPU: "l4", GPUs: 4, CPU: 48, MemoryMiB: 196608, EFA: 1},
		"g6.16xlarge":        {GPU: "l4", GPUs: 1, CPU: 64, MemoryMiB: 262144, EFA: 1},
		"g6.24xlarge":        {GPU: "l4", GPUs: 4, CPU: 96, MemoryMiB: 393216, EFA: 1},
		"g6.48xlarge":        {GPU: "l4", GPUs: 8, CPU: 192, MemoryMiB: 786432, EFA: 1},
		"gr6.4xlarge":        {GPU: "l4", GPUs: 1, CPU: 16, MemoryMiB: 131072},
		"gr6.8xlarge":        {GPU: "l4", GPUs: 1, CPU: 32, MemoryMiB: 262144, EFA: 1},
		"g6e.xlarge":         {GPU: "l40s", GPUs: 1, CPU: 4, MemoryMiB: 32768},
		"g6e.2xlarge":        {GPU: "l40s", GPUs: 1, CPU: 8, MemoryMiB: 65536},
		"g6e.4xlarge":        {GPU: "l40s", GPUs: 1, CPU: 16, MemoryMiB: 131072},
		"g6e.8xlarge":        {GPU: "l40s", GPUs: 1, CPU: 32, MemoryMiB: 262144, EFA: 1},
		"g6e.12xlarge":       {GPU: "l40s", GPUs: 4, CPU: 48, MemoryMiB: 393216, EFA: 1},
		"g6e.16xlarge":       {GPU: "l40s", GPUs: 1, CPU: 64, MemoryMiB: 524288, EFA: 1},
		"g6e.24xlarge":       {GPU: "l40s", GPUs: 4, CPU: 96, MemoryMiB: 786432, EFA: 2, Cards: 2},
		"g6e.48xlarge":       {GPU: "l40s", GPUs: 8, CPU: 192, MemoryMiB: 1572864, EFA: 4, Cards: 4},
		"g7.2xlarge":         {GPU: "rtx-pro-4500", GPUs: 1, CPU: 8, MemoryMiB: 32768},
		"g7.4xlarge":         {GPU: "rtx-pro-4500", GPUs: 1, CPU: 16, MemoryMiB: 65536},
		"g7.8xlarge":         {GPU: "rtx-pro-4500", GPUs: 1, CPU: 32, MemoryMiB: 131072, EFA: 1},
		"g7.12xlarge":        {GPU: "rtx-pro-4500", GPUs: 2, CPU: 48, MemoryMiB: 196608, EFA: 1},
		"g7.24xlarge":        {GPU: "rtx-pro-4500", GPUs: 4, CPU: 96, MemoryMiB: 393216, EFA: 1},
		"g7.48xlarge":        {GPU: "rtx-pro-4500", GPUs: 8, CPU: 192, MemoryMiB: 786432, EFA: 2},
		"g7e.2xlarge":        {GPU: "rtx-pro-server-6000", GPUs: 1, CPU: 8, MemoryMiB: 65536},
		"g7e.4xlarge":        {GPU: "rtx-pro-server-6000", GPUs: 1, CPU: 16, MemoryMiB: 131072},
		"g7e.8xlarge":        {GPU: "rtx-pro-server-6000", GPUs: 1, CPU: 32, MemoryMiB: 262144, EFA: 1},
		"g7e.12xlarge":       {GPU: "rtx-pro-server-6000", GPUs: 2, CPU: 48, MemoryMiB: 524288, EFA: 1},
		"g7e.24xlarge":       {GPU: "rtx-pro-server-6000", GPUs: 4, CPU: 96, MemoryMiB: 1048576, EFA: 2, Cards: 2},
		"g7e.48xlarge":       {GPU: "rtx-pro-server-6000", GPUs: 8, CPU: 192, MemoryMiB: 2097152, EFA: 4, Cards: 4},
		"p4d.24xlarge":       {GPU: "a100", GPUs: 8, CPU: 96, MemoryMiB: 1179648, EFA: 4, Cards: 4, MIG: true},
		"p4de.24xlarge":      {GPU: "a100", GPUs: 8, CPU: 96, MemoryMiB: 1179648, EFA: 4, Cards: 4, MIG: true},
		"p5.4xlarge":         {GPU: "h100", GPUs: 1, CPU: 16, MemoryMiB: 262144, EFA: 1, MIG: true},
		"p5.48xlarge":        {GPU: "h100", GPUs: 8, CPU: 192, MemoryMiB: 2097152, EFA: 32, Cards: 32, MIG: true},
		"p5e.48xlarge":       {GPU: "h200", GPUs: 8, CPU: 192, MemoryMiB: 2097152, EFA: 32, Cards: 32, MIG: true},
		"p5en.48xlarge":      {GPU: "h200", GPUs: 8, CPU: 192, MemoryMiB: 2097152, EFA: 16, Cards: 16, MIG: true},
		"p6-b200.48xlarge":   {GPU: "b200", GPUs: 8, CPU: 192, MemoryMiB: 2097152, EFA: 8, Cards: 8, MIG: true},
		"p6-b300.48xlarge":   {GPU: "b300", GPUs: 8, CPU: 192, MemoryMiB: 4194304, EFA: 16, Cards: 17, MIG: true},
		"p6e-gb200.36xlarge": {GPU: "gb200", GPUs: 4, CPU: 144, MemoryMiB: 983040, EFA: 4, Cards: 17, Arm: true},
		"t3.medium":          {CPU: 2, MemoryMiB: 4096},
		"m6i.4xlarge":        {CPU: 16, MemoryMiB: 65536},
		"m7g.4xlarge":        {CPU: 16, MemoryMiB: 65536, Arm: true},
	}
}

// googleMachines are from machine_mappings.json of GoogleCloudPlatform/cluster-toolkit.
func googleMachines() map[string]machine {
	return map[string]machine{
		"g2-standard-4":       {GPU: "nvidia-l4", GPUs: 1, CPU: 4, MemoryMiB: 16384},
		"g2-standard-8":       {GPU: "nvidia-l4", GPUs: 1, CPU: 8, MemoryMiB: 32768},
		"g2-standard-12":      {GPU: "nvidia-l4", GPUs: 1, CPU: 12, MemoryMiB: 49152},
		"g2-standard-16":      {GPU: "nvidia-l4", GPUs: 1, CPU: 16, MemoryMiB: 65536},
		"g2-standard-24":      {GPU: "nvidia-l4", GPUs: 2, CPU: 24, MemoryMiB: 98304},
		"g2-standard-32":      {GPU: "nvidia-l4", GPUs: 1, CPU: 32, MemoryMiB: 131072},
		"g2-standard-48":      {GPU: "nvidia-l4", GPUs: 4, CPU: 48, MemoryMiB: 196608},
		"g2-standard-96":      {GPU: "nvidia-l4", GPUs: 8, CPU: 96, MemoryMiB: 393216},
		"g4-standard-6":       {GPU: "nvidia-rtx-pro-6000", GPUs: 1, CPU: 6, MemoryMiB: 22528, MIG: true},
		"g4-standard-12":      {GPU: "nvidia-rtx-pro-6000", GPUs: 1, CPU: 12, MemoryMiB: 46080, MIG: true},
		"g4-standard-24":      {GPU: "nvidia-rtx-pro-6000", GPUs: 1, CPU: 24, MemoryMiB: 92160, MIG: true},
		"g4-standard-48":      {GPU: "nvidia-rtx-pro-6000", GPUs: 1, CPU: 48, MemoryMiB: 184320, MIG: true},
		"g4-standard-96":      {GPU: "nvidia-rtx-pro-6000", GPUs: 2, CPU: 96, MemoryMiB: 368640, MIG: true},
		"g4-standard-192":     {GPU: "nvidia-rtx-pro-6000", GPUs: 4, CPU: 192, MemoryMiB: 737280, MIG: true},
		"g4-standard-384":     {GPU: "nvidia-rtx-pro-6000", GPUs: 8, CPU: 384, MemoryMiB: 1474560, MIG: true},
		"a2-highgpu-1g":       {GPU: "nvidia-tesla-a100", GPUs: 1, CPU: 12, MemoryMiB: 87040, MIG: true},
		"a2-highgpu-2g":       {GPU: "nvidia-tesla-a100", GPUs: 2, CPU: 24, MemoryMiB: 174080, MIG: true},
		"a2-highgpu-4g":       {GPU: "nvidia-tesla-a100", GPUs: 4, CPU: 48, MemoryMiB: 348160, MIG: true},
		"a2-highgpu-8g":       {GPU: "nvidia-tesla-a100", GPUs: 8, CPU: 96, MemoryMiB: 696320, MIG: true},
		"a2-megagpu-16g":      {GPU: "nvidia-tesla-a100", GPUs: 16, CPU: 96, MemoryMiB: 1392640, MIG: true},
		"a2-ultragpu-1g":      {GPU: "nvidia-a100-80gb", GPUs: 1, CPU: 12, MemoryMiB: 174080, MIG: true},
		"a2-ultragpu-2g":      {GPU: "nvidia-a100-80gb", GPUs: 2, CPU: 24, MemoryMiB: 348160, MIG: true},
		"a2-ultragpu-4g":      {GPU: "nvidia-a100-80gb", GPUs: 4, CPU: 48, MemoryMiB: 696320, MIG: true},
		"a2-ultragpu-8g":      {GPU: "nvidia-a100-80gb", GPUs: 8, CPU: 96, MemoryMiB: 1392640, MIG: true},
		"a3-highgpu-1g":       {GPU: "nvidia-h100-80gb", GPUs: 1, CPU: 26, MemoryMiB: 239616, MIG: true},
		"a3-highgpu-2g":       {GPU: "nvidia-h100-80gb", GPUs: 2, CPU: 52, MemoryMiB: 479232, MIG: true},
		"a3-highgpu-4g":       {GPU: "nvidia-h100-80gb", GPUs: 4, CPU: 104, MemoryMiB: 958464, MIG: true},
		"a3-highgpu-8g":       {GPU: "nvidia-h100-80gb", GPUs: 8, CPU: 208, MemoryMiB: 1916928, TCPX: 4, MIG: true},
		"a3-edgegpu-8g":       {GPU: "nvidia-h100-80gb", GPUs: 8, CPU: 208, MemoryMiB: 1916928, MIG: true},
		"a3-megagpu-8g":       {GPU: "nvidia-h100-mega-80gb", GPUs: 8, CPU: 208, MemoryMiB: 1916928, TCPX: 8, MIG: true},
		"a3-ultragpu-8g":      {GPU: "nvidia-h200-141gb", GPUs: 8, CPU: 224, MemoryMiB: 3022848, RDMA: 8, MIG: true},
		"a4-highgpu-8g":       {GPU: "nvidia-b200", GPUs: 8, CPU: 224, MemoryMiB: 4063232, RDMA: 8, MIG: true},
		"a4x-highgpu-4g":      {GPU: "nvidia-gb200", GPUs: 4, CPU: 140, MemoryMiB: 905216, RDMA: 4, Arm: true, MIG: true},
		"a4x-maxgpu-4g-metal": {GPU: "nvidia-gb300", GPUs: 4, CPU: 144, MemoryMiB: 983040, RDMA: 4, Arm: true, MIG: true},
		"e2-medium":           {CPU: 2, MemoryMiB: 4096},
		"n2-standard-16":      {CPU: 16, MemoryMiB: 65536},
	}
}

// azureMachines are from sizes/gpu-accelerated of MicrosoftDocs/azure-compute-docs.
func azureMachines() map[string]machine {
	return map[string]machine{
		"Standard_NV6ads_A10_v5":         {GPU: "A10", GPUs: 1, CPU: 6, MemoryMiB: 56320},
		"Standard_NV12ads_A10_v5":        {GPU: "A10", GPUs: 1, CPU: 12, MemoryMiB: 112640},
		"Standard_NV18ads_A10_v5":        {GPU: "A10", GPUs: 1, CPU: 18, MemoryMiB: 225280},
		"Standard_NV36ads_A10_v5":        {GPU: "A10", GPUs: 1, CPU: 36, MemoryMiB: 450560},
		"Standard_NV36adms_A10_v5":       {GPU: "A10", GPUs: 1, CPU: 36, MemoryMiB: 901120},
		"Standard_NV72ads_A10_v5":        {GPU: "A10", GPUs: 2, CPU: 72, MemoryMiB: 901120},
		"Standard_NC24ads_A100_v4":       {GPU: "A100", GPUs: 1, CPU: 24, MemoryMiB: 225280, MIG: true},
		"Standard_NC48ads_A100_v4":       {GPU: "A100", GPUs: 2, CPU: 48, MemoryMiB: 450560, MIG: true},
		"Standard_NC96ads_A100_v4":       {GPU: "A100", GPUs: 4, CPU: 96, MemoryMiB: 901120, MIG: true},
		"Standard_NC40ads_H100_v5":       {GPU: "H100 NVL", GPUs: 1, CPU: 40, MemoryMiB: 327680, MIG: true},
		"Standard_NC80adis_H100_v5":      {GPU: "H100 NVL", GPUs: 2, CPU: 80, MemoryMiB: 655360, MIG: true},
		"Standard_ND96asr_v4":            {GPU: "A100", GPUs: 8, CPU: 96, MemoryMiB: 921600, RDMA: 8, MIG: true},
		"Standard_ND96amsr_A100_v4":      {GPU: "A100", GPUs: 8, CPU: 96, MemoryMiB: 1945600, RDMA: 8, MIG: true},
		"Standard_ND96isr_H100_v5":       {GPU: "H100", GPUs: 8, CPU: 96, MemoryMiB: 1945600, RDMA: 8, MIG: true},
		"Standard_ND96isr_H200_v5":       {GPU: "H200", GPUs: 8, CPU: 96, MemoryMiB: 1894400, RDMA: 8, MIG: true},
		"Standard_ND96isr_MI300X_v5":     {GPU: "MI300X", GPUs: 8, CPU: 96, MemoryMiB: 1894400, RDMA: 8},
		"Standard_ND128isr_NDR_GB200_v6": {GPU: "GB200", GPUs: 4, CPU: 128, MemoryMiB: 921600, RDMA: 4, Arm: true, MIG: true},
		"Standard_ND128isr_GB300_v6":     {GPU: "GB300", GPUs: 4, CPU: 128, MemoryMiB: 884736, RDMA: 4, Arm: true, MIG: true},
		"Standard_D2s_v5":                {CPU: 2, MemoryMiB: 8192},
		"Standard_D16s_v5":               {CPU: 16, MemoryMiB: 65536},
	}
}
