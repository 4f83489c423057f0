using LocalLlm.Server.Runners;

namespace LocalLlm.Server.Tests.Runners;

public sealed class RunnerFolderTests : IDisposable
{
    private readonly string _parent = Directory.CreateTempSubdirectory("localllm-test-").FullName;

    [Fact]
    public void NobodyElseMayEnter()
    {
        using RunnerFolder folder = Create();
        Assert.Equal(_parent, Path.GetDirectoryName(folder.FullPath));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder.FullPath));
        }
        Assert.NotEqual(folder.NextSocket(), folder.NextSocket());
    }

    [Fact]
    public void ItIsRemovedWithWhatRunnersLeft()
    {
        RunnerFolder folder = Create();
        File.WriteAllText(folder.NextSocket(), "");
        folder.Dispose();
        Assert.Empty(Directory.EnumerateFileSystemEntries(_parent));
    }

    [Fact]
    public void FoldersOfDeadServersAreSweptAndNoOthers()
    {
        using RunnerFolder living = Create();
        string dead = Path.Combine(_parent, "localllm-runners-0123456789abcdef");
        Directory.CreateDirectory(dead);
        File.WriteAllText(Path.Combine(dead, "server"), "");
        File.WriteAllText(Path.Combine(dead, "1.sock"), "");
        string elsewhere = Directory.CreateTempSubdirectory("localllm-test-").FullName;
        File.WriteAllText(Path.Combine(elsewhere, "server"), "");
        Directory.CreateSymbolicLink(Path.Combine(_parent, "localllm-runners-fedcba9876543210"), elsewhere);

        using RunnerFolder next = Create();
        Assert.False(Directory.Exists(dead));
        Assert.True(Directory.Exists(living.FullPath));
        Assert.True(File.Exists(Path.Combine(elsewhere, "server")));
        Directory.Delete(elsewhere, recursive: true);
    }

    [Fact]
    public void AParentWhosePathIsTooLongIsPassedOver()
    {
        string far = Directory.CreateDirectory(Path.Combine(_parent, new string('x', 90))).FullName;
        using RunnerFolder folder = RunnerFolder.Create(_ => far);
        Assert.NotEqual(far, Path.GetDirectoryName(folder.FullPath));
    }

    [Fact]
    public void AParentThatIsMissingIsPassedOver()
    {
        using RunnerFolder folder = RunnerFolder.Create(_ => Path.Combine(_parent, "missing"));
        Assert.False(Directory.Exists(Path.Combine(_parent, "missing")));
    }

    public void Dispose() => Directory.Delete(_parent, recursive: true);

    private RunnerFolder Create() => RunnerFolder.Create(name => name == "XDG_RUNTIME_DIR" ? _parent : null);
}
