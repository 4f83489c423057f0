namespace LocalLlm.Kernels.Tests;

/// <summary>CPU limits of containers, read from files like the kernel's.</summary>
public sealed class CgroupQuotaTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("localllm cgroup-"); // the space is escaped in mountinfo

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("150000 100000", 1.5)]
    [InlineData("20000 10000", 2.0)]
    [InlineData("max 100000", null)]
    [InlineData("", null)]
    [InlineData("150000", null)]
    [InlineData("150000 0", null)]
    public void Version2TellsQuotaAndPeriod(string limit, double? cpus)
    {
        Write("cgroup", "0::/user/app\n");
        WriteMounts(Mount2("/"));
        Write("unified/user/app/cpu.max", limit + "\n");
        Assert.Equal(cpus, Quota());
    }

    [Fact]
    public void TheTightestGroupOnTheWayCounts()
    {
        Write("cgroup", "0::/pod/container/inner\n");
        WriteMounts(Mount2("/"));
        Write("unified/pod/cpu.max", "300000 100000\n");
        Write("unified/pod/container/cpu.max", "120000 100000\n");
        Write("unified/pod/container/inner/cpu.max", "max 100000\n");
        Write("unified/other/cpu.max", "10000 100000\n");
        Assert.Equal(1.2, Quota());
    }

    [Theory]
    [InlineData("/pod/container", "/pod/container")] // the mount shows the container's group as its root
    [InlineData("/", "/../../elsewhere")] // a process that was moved out of its namespace
    [InlineData("/pod/container", "/")] // a namespace's own root, mounted from outside
    public void AMountedGroupIsItsMountsRoot(string root, string path)
    {
        Write("cgroup", $"0::{path}\n");
        WriteMounts(Mount2(root));
        Write("unified/cpu.max", "250000 100000\n");
        Assert.Equal(2.5, Quota());
    }

    [Theory]
    [InlineData("400000", "100000", 4.0)]
    [InlineData("-1", "100000", null)]
    public void Version1TellsThemInTwoFiles(string quota, string period, double? cpus)
    {
        Write("cgroup", "12:pids:/docker/1\n4:cpuacct,cpu:/docker/1\n3:cpuset:/docker/1\n");
        WriteMounts(
            $"30 25 0:26 /docker/1 {Escaped("cpuset")} ro,nosuid shared:9 - cgroup cgroup rw,cpuset",
            $"33 25 0:29 /docker/1 {Escaped("cpu,cpuacct")} ro,nosuid shared:12 master:3 - cgroup cgroup rw,cpu,cpuacct");
        Write("cpu,cpuacct/cpu.cfs_quota_us", quota + "\n");
        Write("cpu,cpuacct/cpu.cfs_period_us", period + "\n");
        Write("cpuset/cpu.cfs_quota_us", "1\n");
        Write("cpuset/cpu.cfs_period_us", "1000000\n");
        Assert.Equal(cpus, Quota());
    }

    [Fact]
    public void BothVersionsAreLookedAt()
    {
        Write("cgroup", "4:cpu,cpuacct:/\n0::/app\n");
        WriteMounts($"33 25 0:29 / {Escaped("cpu")} rw - cgroup cgroup rw,cpu,cpuacct", Mount2("/"));
        Write("cpu/cpu.cfs_quota_us", "300000\n");
        Write("cpu/cpu.cfs_period_us", "100000\n");
        Write("unified/app/cpu.max", "max 100000\n");
        Assert.Equal(3.0, Quota());
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("nonsense\n1:2\n", "neither - this\nnor that\n - - -\n")]
    public void WhatIsNotUnderstoodIsNoLimit(string groups, string mounts)
    {
        Write("cgroup", groups);
        Write("mountinfo", mounts);
        Assert.Null(Quota());
    }

    [Fact]
    public void MissingFilesAreNoLimit() => Assert.Null(CgroupQuota.Read(Path.Combine(_folder.FullName, "nowhere")));

    private double? Quota() => CgroupQuota.Read(_folder.FullName);

    private string Mount2(string root) => $"29 23 0:26 {root} {Escaped("unified")} rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate";

    private string Escaped(string name) => Path.Combine(_folder.FullName, name).Replace(" ", @"\040");

    private void WriteMounts(params string[] lines) => Write("mountinfo", string.Concat(lines.Select(line => line + "\n")));

    private void Write(string name, string text)
    {
        string path = Path.Combine(_folder.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
