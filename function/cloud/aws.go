package cloud

// aws are the machines of EC2 with NVIDIA GPUs. Interfaces are allocatable vpc.amazonaws.com/efa.
//
// Karpenter does not list p6e-gb200.36xlarge. Its row is from the user guide of EKS, latest/ug/ml/ml-eks-nvidia-ultraserver:
// it is sold by capacity block, as an UltraServer of several.
func aws() table {
	return table{
		provider: EKS, region: "us-east-1", asOf: "2026-07-20",
		source: "https://github.com/aws/karpenter-provider-aws/blob/1d927085d/website/content/en/docs/reference/instance-types.md",
		rows:   awsRows(),
	}
}

func awsRows() []Machine {
	return []Machine{
		{Name: "g5.xlarge", Accelerator: "A10G", GPUs: 1, GPUMemoryMiB: 22888, VCPU: 4, MemoryMiB: 16384, LocalDiskGB: 250, Price: usd(1.006)},
		{Name: "g5.2xlarge", Accelerator: "A10G", GPUs: 1, GPUMemoryMiB: 22888, VCPU: 8, MemoryMiB: 32768, LocalDiskGB: 450, Price: usd(1.212)},
		{Name: "g5.4xlarge", Accelerator: "A10G", GPUs: 1, GPUMemoryMiB: 22888, VCPU: 16, MemoryMiB: 65536, LocalDiskGB: 600, Price: usd(1.624)},
		{Name: "g5.8xlarge", Accelerator: "A10G", GPUs: 1, GPUMemoryMiB: 22888, VCPU: 32, MemoryMiB: 131072, LocalDiskGB: 900, Fabric: FabricEFA, Interfaces: 1, Price: usd(2.448)},
		{Name: "g5.12xlarge", Accelerator: "A10G", GPUs: 4, GPUMemoryMiB: 22888, VCPU: 48, MemoryMiB: 196608, LocalDiskGB: 3800, Fabric: FabricEFA, Interfaces: 1, Price: usd(5.672)},
		{Name: "g5.16xlarge", Accelerator: "A10G", GPUs: 1, GPUMemoryMiB: 22888, VCPU: 64, MemoryMiB: 262144, LocalDiskGB: 1900, Fabric: FabricEFA, Interfaces: 1, Price: usd(4.096)},
		{Name: "g5.24xlarge", Accelerator: "A10G", GPUs: 4, GPUMemoryMiB: 22888, VCPU: 96, MemoryMiB: 393216, LocalDiskGB: 3800, Fabric: FabricEFA, Interfaces: 1, Price: usd(8.144)},
		{Name: "g5.48xlarge", Accelerator: "A10G", GPUs: 8, GPUMemoryMiB: 22888, VCPU: 192, MemoryMiB: 786432, LocalDiskGB: 7600, Fabric: FabricEFA, Interfaces: 1, Price: usd(16.288)},
		{Name: "g6.xlarge", Accelerator: "L4", GPUs: 1, GPUMemoryMiB: 22888, VCPU: 4, MemoryMiB: 16384, LocalDiskGB: 250, Price: usd(0.8048)},
		{Name: "g6.2xlarge", Accelerator: "L4", GPUs: 1, GPUMemoryMiB: 22888, VCPU: 8, MemoryMiB: 32768, LocalDiskGB: 450, Price: usd(0.9776)},
		{Name: "g6.4xlarge", Accelerator: "L4", GPUs: 1, GPUMemoryMiB: 22888, VCPU: 16, MemoryMiB: 65536, LocalDiskGB: 600, Price: usd(1.3232)},
		{Name: "g6.8xlarge", Accelerator: "L4", GPUs: 1, GPUMemoryMiB: 22888, VCPU: 32, MemoryMiB: 131072, LocalDiskGB: 900, Fabric: FabricEFA, Interfaces: 1, Price: usd(2.0144)},
		{Name: "g6.12xlarge", Accelerator: "L4", GPUs: 4, GPUMemoryMiB: 22888, VCPU: 48, MemoryMiB: 196608, LocalDiskGB: 3760, Fabric: FabricEFA, Interfaces: 1, Price: usd(4.6016)},
		{Name: "g6.16xlarge", Accelerator: "L4", GPUs: 1, GPUMemoryMiB: 22888, VCPU: 64, MemoryMiB: 262144, LocalDiskGB: 1880, Fabric: FabricEFA, Interfaces: 1, Price: usd(3.3968)},
		{Name: "g6.24xlarge", Accelerator: "L4", GPUs: 4, GPUMemoryMiB: 22888, VCPU: 96, MemoryMiB: 393216, LocalDiskGB: 3760, Fabric: FabricEFA, Interfaces: 1, Price: usd(6.6752)},
		{Name: "g6.48xlarge", Accelerator: "L4", GPUs: 8, GPUMemoryMiB: 22888, VCPU: 192, MemoryMiB: 786432, LocalDiskGB: 7520, Fabric: FabricEFA, Interfaces: 1, Price: usd(13.3504)},
		{Name: "gr6.4xlarge", Accelerator: "L4", GPUs: 1, GPUMemoryMiB: 22888, VCPU: 16, MemoryMiB: 131072, LocalDiskGB: 600, Price: usd(1.5392)},
		{Name: "gr6.8xlarge", Accelerator: "L4", GPUs: 1, GPUMemoryMiB: 22888, VCPU: 32, MemoryMiB: 262144, LocalDiskGB: 900, Fabric: FabricEFA, Interfaces: 1, Price: usd(2.4464)},
		{Name: "g6e.xlarge", Accelerator: "L40S", GPUs: 1, GPUMemoryMiB: 45776, VCPU: 4, MemoryMiB: 32768, LocalDiskGB: 250, Price: usd(1.861)},
		{Name: "g6e.2xlarge", Accelerator: "L40S", GPUs: 1, GPUMemoryMiB: 45776, VCPU: 8, MemoryMiB: 65536, LocalDiskGB: 450, Price: usd(2.2421)},
		{Name: "g6e.4xlarge", Accelerator: "L40S", GPUs: 1, GPUMemoryMiB: 45776, VCPU: 16, MemoryMiB: 131072, LocalDiskGB: 600, Price: usd(3.0042)},
		{Name: "g6e.8xlarge", Accelerator: "L40S", GPUs: 1, GPUMemoryMiB: 45776, VCPU: 32, MemoryMiB: 262144, LocalDiskGB: 900, Fabric: FabricEFA, Interfaces: 1, Price: usd(4.5286)},
		{Name: "g6e.12xlarge", Accelerator: "L40S", GPUs: 4, GPUMemoryMiB: 45776, VCPU: 48, MemoryMiB: 393216, LocalDiskGB: 3800, Fabric: FabricEFA, Interfaces: 1, Price: usd(10.4926)},
		{Name: "g6e.16xlarge", Accelerator: "L40S", GPUs: 1, GPUMemoryMiB: 45776, VCPU: 64, MemoryMiB: 524288, LocalDiskGB: 1900, Fabric: FabricEFA, Interfaces: 1, Price: usd(7.5772)},
		{Name: "g6e.24xlarge", Accelerator: "L40S", GPUs: 4, GPUMemoryMiB: 45776, VCPU: 96, MemoryMiB: 786432, LocalDiskGB: 3800, Fabric: FabricEFA, Interfaces: 2, Price: usd(15.0656)},
		{Name: "g6e.48xlarge", Accelerator: "L40S", GPUs: 8, GPUMemoryMiB: 45776, VCPU: 192, MemoryMiB: 1572864, LocalDiskGB: 7600, Fabric: FabricEFA, Interfaces: 4, Price: usd(30.1312)},
		{Name: "g7.2xlarge", Accelerator: "RTX-PRO-4500", GPUs: 1, GPUMemoryMiB: 32768, VCPU: 8, MemoryMiB: 32768, LocalDiskGB: 440, Price: usd(2.52)},
		{Name: "g7.4xlarge", Accelerator: "RTX-PRO-4500", GPUs: 1, GPUMemoryMiB: 32768, VCPU: 16, MemoryMiB: 65536, LocalDiskGB: 875, Price: usd(3.0421)},
		{Name: "g7.8xlarge", Accelerator: "RTX-PRO-4500", GPUs: 1, GPUMemoryMiB: 32768, VCPU: 32, MemoryMiB: 131072, LocalDiskGB: 930, Fabric: FabricEFA, Interfaces: 1, Price: usd(4.0862)},
		{Name: "g7.12xlarge", Accelerator: "RTX-PRO-4500", GPUs: 2, GPUMemoryMiB: 32768, VCPU: 48, MemoryMiB: 196608, LocalDiskGB: 1900, Fabric: FabricEFA, Interfaces: 1, Price: usd(7.1283)},
		{Name: "g7.24xlarge", Accelerator: "RTX-PRO-4500", GPUs: 4, GPUMemoryMiB: 32768, VCPU: 96, MemoryMiB: 393216, LocalDiskGB: 3800, Fabric: FabricEFA, Interfaces: 1, Price: usd(14.2566)},
		{Name: "g7.48xlarge", Accelerator: "RTX-PRO-4500", GPUs: 8, GPUMemoryMiB: 32768, VCPU: 192, MemoryMiB: 786432, LocalDiskGB: 7600, Fabric: FabricEFA, Interfaces: 2, Price: usd(28.5133)},
		{Name: "g7e.2xlarge", Accelerator: "RTX-PRO-6000", GPUs: 1, GPUMemoryMiB: 98304, VCPU: 8, MemoryMiB: 65536, LocalDiskGB: 1900, Price: usd(3.3631)},
		{Name: "g7e.4xlarge", Accelerator: "RTX-PRO-6000", GPUs: 1, GPUMemoryMiB: 98304, VCPU: 16, MemoryMiB: 131072, LocalDiskGB: 1900, Price: usd(3.9982)},
		{Name: "g7e.8xlarge", Accelerator: "RTX-PRO-6000", GPUs: 1, GPUMemoryMiB: 98304, VCPU: 32, MemoryMiB: 262144, LocalDiskGB: 1900, Fabric: FabricEFA, Interfaces: 1, Price: usd(5.2682)},
		{Name: "g7e.12xlarge", Accelerator: "RTX-PRO-6000", GPUs: 2, GPUMemoryMiB: 98304, VCPU: 48, MemoryMiB: 524288, LocalDiskGB: 3800, Fabric: FabricEFA, Interfaces: 1, Price: usd(8.2861)},
		{Name: "g7e.24xlarge", Accelerator: "RTX-PRO-6000", GPUs: 4, GPUMemoryMiB: 98304, VCPU: 96, MemoryMiB: 1048576, LocalDiskGB: 7600, Fabric: FabricEFA, Interfaces: 2, Price: usd(16.5722)},
		{Name: "g7e.48xlarge", Accelerator: "RTX-PRO-6000", GPUs: 8, GPUMemoryMiB: 98304, VCPU: 192, MemoryMiB: 2097152, LocalDiskGB: 15200, Fabric: FabricEFA, Interfaces: 4, Price: usd(33.1443)},
		{Name: "p4d.24xlarge", Accelerator: "A100", GPUs: 8, GPUMemoryMiB: 40960, VCPU: 96, MemoryMiB: 1179648, LocalDiskGB: 8000, Fabric: FabricEFA, Interfaces: 4, Price: usd(21.9576)},
		{Name: "p4de.24xlarge", Accelerator: "A100", GPUs: 8, GPUMemoryMiB: 81920, VCPU: 96, MemoryMiB: 1179648, LocalDiskGB: 8000, Fabric: FabricEFA, Interfaces: 4, Price: usd(27.4471)},
		{Name: "p5.4xlarge", Accelerator: "H100", GPUs: 1, GPUMemoryMiB: 81920, VCPU: 16, MemoryMiB: 262144, LocalDiskGB: 3800, Fabric: FabricEFA, Interfaces: 1, Price: usd(6.88)},
		{Name: "p5.48xlarge", Accelerator: "H100", GPUs: 8, GPUMemoryMiB: 81920, VCPU: 192, MemoryMiB: 2097152, LocalDiskGB: 30400, Fabric: FabricEFA, Interfaces: 32, Price: usd(55.04)},
		{Name: "p5e.48xlarge", Accelerator: "H200", GPUs: 8, GPUMemoryMiB: 144384, VCPU: 192, MemoryMiB: 2097152, LocalDiskGB: 30400, Fabric: FabricEFA, Interfaces: 32},
		{Name: "p5en.48xlarge", Accelerator: "H200", GPUs: 8, GPUMemoryMiB: 144384, VCPU: 192, MemoryMiB: 2097152, LocalDiskGB: 30400, Fabric: FabricEFA, Interfaces: 16, Price: usd(63.296)},
		{Name: "p6-b200.48xlarge", Accelerator: "B200", GPUs: 8, GPUMemoryMiB: 183359, VCPU: 192, MemoryMiB: 2097152, LocalDiskGB: 30400, Fabric: FabricEFA, Interfaces: 8, Price: usd(113.9328)},
		{Name: "p6-b300.48xlarge", Accelerator: "B300", GPUs: 8, GPUMemoryMiB: 275040, VCPU: 192, MemoryMiB: 4194304, LocalDiskGB: 30400, Fabric: FabricEFA, Interfaces: 16, Price: usd(142.416)},
		{Name: "p6e-gb200.36xlarge", Accelerator: "GB200", GPUs: 4, GPUMemoryMiB: 185 * gib, VCPU: 144, MemoryMiB: 960 * gib, LocalDiskGB: 22500, Arch: ARM64, Fabric: FabricEFA, Interfaces: 4},
	}
}
