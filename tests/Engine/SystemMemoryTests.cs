namespace LocalLlm.Engine.Tests;

/// <summary>Free memory, read from files like the kernel's.</summary>
public sealed class SystemMemoryTests : IDisposable
{
    private const long MiB = 1 << 20;

    private readonly DirectoryInfo _proc = Directory.CreateTempSubdirectory("localllm-proc-");

    public SystemMemoryTests() =>
        Write("meminfo", "MemTotal:       24684092 kB\nMemFree:         1024000 kB\nMemAvailable:    2097152 kB\nBuffers:            2712 kB\n");

    public void Dispose() => _proc.Delete(recursive: true);

    [Fact]
    public void WithoutAContainerTheMachineCounts() => Assert.Equal(2048 * MiB, SystemMemory.Read(_proc.FullName));

    [Theory]
    [InlineData("max", "max", 2048)]
    [InlineData("1073741824", "max", 1024 - 300 + 50 + 150)] // what files hold can be had
    [InlineData("max", "1073741824", 1024 - 300 + 50 + 150)]
    [InlineData("1073741824", "536870912", 512 - 300 + 50 + 150)]
    [InlineData("10485760", "max", 0)] // more is used than allowed
    public void Version2(string max, string high, long mebibytes)
    {
        Write("self/cgroup", "0::/pod\n");
        WriteMount("cgroup2", "rw");
        WriteGroup("pod", ("memory.max", max), ("memory.high", high), ("memory.current", $"{300 * MiB}"),
            ("memory.stat", $"anon {90 * MiB}\ninactive_file {50 * MiB}\nactive_file {150 * MiB}\nshmem {10 * MiB}"));
        Assert.Equal(mebibytes * MiB, SystemMemory.Read(_proc.FullName));
    }

    [Fact]
    public void AnOuterGroupThatLeavesLessCounts()
    {
        Write("self/cgroup", "0::/pod/inner\n");
        WriteMount("cgroup2", "rw");
        WriteGroup("pod", ("memory.max", $"{400 * MiB}"), ("memory.current", $"{300 * MiB}"), ("memory.stat", ""));
        WriteGroup("pod/inner", ("memory.max", $"{400 * MiB}"), ("memory.current", $"{100 * MiB}"), ("memory.stat", ""));
        Assert.Equal(100 * MiB, SystemMemory.Read(_proc.FullName));
    }

    [Theory]
    [InlineData("9223372036854771712", 2048)] // no limit
    [InlineData("1073741824", 1024 - 300 + 70)]
    public void Version1(string limit, long mebibytes)
    {
        Write("self/cgroup", "5:cpu:/\n4:memory:/docker/1\n");
        WriteMount("cgroup", "rw,memory");
        WriteGroup("docker/1", ("memory.limit_in_bytes", limit), ("memory.usage_in_bytes", $"{300 * MiB}"),
            ("memory.stat", $"inactive_file {5 * MiB}\ntotal_inactive_file {20 * MiB}\ntotal_active_file {50 * MiB}"));
        Assert.Equal(mebibytes * MiB, SystemMemory.Read(_proc.FullName));
    }

    [Fact]
    public void ASystemThatDoesNotTellIsAskedOtherwise()
    {
        Assert.Null(SystemMemory.Read(Path.Combine(_proc.FullName, "nowhere")));
        Assert.InRange(SystemMemory.AvailableBytes, 1, long.MaxValue);
    }

    private void WriteMount(string type, string options) =>
        Write("self/mountinfo", $"30 25 0:26 / {_proc.FullName}/groups rw,nosuid shared:9 - {type} cgroup {options}\n");

    private void WriteGroup(string group, params (string File, string Text)[] files)
    {
        foreach ((string file, string text) in files)
        {
            Write($"groups/{group}/{file}", text + "\n");
        }
    }

    private void Write(string name, string text)
    {
        string path = Path.Combine(_proc.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
