using System.Text.RegularExpressions;
using System.Xml.Linq;
using LocalLlm.Tests;

namespace LocalLlm.Server.Tests.House;

/// <summary>What docs/architecture.md says about the folders, held by the build: the direction of the arrows, and small files.</summary>
public sealed class HouseRulesTests
{
    private const int LinesPerFile = 400;

    // A project may know those to its left, and nothing else of this repository.
    private static readonly string[] s_order = ["Gguf", "Quant", "Kernels", "Engine", "Server"];

    [Fact]
    public void ProjectsKnowOnlyThoseToTheirLeft()
    {
        for (int i = 0; i < s_order.Length; i++)
        {
            string folder = Path.Combine(RepoPaths.Root, "src", s_order[i]);
            string[] known = [.. References(Path.Combine(folder, $"LocalLlm.{s_order[i]}.csproj"))];
            Assert.All(known, other => Assert.Contains(other, s_order[..i]));

            // Transitive references let code reach further than the project file says: only leftward namespaces may be used.
            string[] rightward = s_order[(i + 1)..];
            foreach (string file in SourceFiles(folder))
            {
                string text = File.ReadAllText(file);
                Assert.DoesNotContain(rightward, name => Regex.IsMatch(text, $@"\bLocalLlm\.{name}\b"));
            }
        }
    }

    [Fact]
    public void EveryProjectHasItsTestsAndAllAreInTheSolution()
    {
        string solution = File.ReadAllText(Path.Combine(RepoPaths.Root, "LocalLlm.sln"));
        foreach (string name in s_order)
        {
            Assert.Contains($"LocalLlm.{name}.csproj", solution, StringComparison.Ordinal);
            Assert.Contains($"LocalLlm.{name}.Tests.csproj", solution, StringComparison.Ordinal);
            Assert.True(File.Exists(Path.Combine(RepoPaths.Root, "tests", name, $"LocalLlm.{name}.Tests.csproj")));
        }
    }

    [Fact]
    public void FilesStaySmall()
    {
        string[] tooLong = [.. SourceFiles(RepoPaths.Root)
            .Where(file => !Path.GetFileName(file).Contains("Table", StringComparison.Ordinal))
            .Where(file => File.ReadLines(file).Count() > LinesPerFile)
            .Select(file => Path.GetRelativePath(RepoPaths.Root, file))];
        Assert.Empty(tooLong);
    }

    [Fact]
    public void NothingBelowTheServerWritesToTheConsoleOrSpeaksHttp()
    {
        foreach (string name in s_order[..^1])
        {
            foreach (string file in SourceFiles(Path.Combine(RepoPaths.Root, "src", name)))
            {
                string text = File.ReadAllText(file);
                Assert.DoesNotMatch(@"\bConsole\.|\bHttpClient\b|Microsoft\.AspNetCore", text);
            }
        }
    }

    private static IEnumerable<string> References(string project) =>
        XDocument.Load(project).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value).Replace("LocalLlm.", "", StringComparison.Ordinal));

    private static IEnumerable<string> SourceFiles(string folder) =>
        Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Where(file => !Regex.IsMatch(Path.GetRelativePath(folder, file).Replace('\\', '/'), @"(^|/)(bin|obj|artifacts|node_modules)/"));
}
