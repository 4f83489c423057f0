using System.Security.Cryptography;
using LocalLlm.Gguf;
using LocalLlm.Server.Models;
using LocalLlm.Tests;

namespace LocalLlm.Server.Tests.Models;

/// <summary>The manifest and the model that comes with the software, held against the file itself.</summary>
public class BundledModelTests
{
    private static readonly ModelCatalogue s_catalogue = ModelCatalogue.Find(AppContext.BaseDirectory);

    [Theory]
    [InlineData("smollm2")]
    [InlineData("smollm2:135m")]
    [InlineData("SmolLM2:latest")]
    public void ItsNamesNeedNoConfiguration(string name) =>
        Assert.Equal(Path.Combine(RepoPaths.Root, "models", "SmolLM2-135M-Instruct.Q4_1.gguf"), s_catalogue.Resolve(name).Path);

    [Fact]
    public void EveryFileIsTheOneThatTheManifestNames()
    {
        foreach (CatalogueModel model in s_catalogue.Models.Where(model => model.Path is not null))
        {
            using FileStream file = File.OpenRead(model.Path!);
            Assert.Equal(model.Size, file.Length);
            Assert.Equal(model.Sha256, Convert.ToHexStringLower(SHA256.HashData(file)));
        }
    }

    [Fact]
    public void FactsAreThoseOfTheFile()
    {
        foreach (CatalogueModel model in s_catalogue.Models.Where(model => model.Path is not null))
        {
            using GgufFile file = GgufFile.Open(model.Path!);
            string architecture = file.Metadata.GetString("general.architecture");
            Assert.Equal(model.Architecture, architecture);
            Assert.Equal(model.Parameters, file.Tensors.Sum(tensor => tensor.ElementCount));
            Assert.Equal(model.Context, file.Metadata.GetInt32($"{architecture}.context_length"));
            Assert.Equal(Enum.Parse<GgmlType>(model.Quantization!), file.Tensors.GroupBy(tensor => tensor.Type).MaxBy(group => group.Count(tensor => tensor.Rows > 1))!.Key);
        }
    }

    [Fact]
    public void ItsAuthorsAdviceIsTheDefault()
    {
        CatalogueModel model = s_catalogue.Resolve("smollm2");
        Assert.Equal(0.2f, model.Defaults?.GetProperty("temperature").GetSingle());
        Assert.Equal(0.9f, model.Defaults?.GetProperty("top_p").GetSingle());
    }

    [Fact]
    public void TheReadmeNamesEveryFileAndItsHash()
    {
        string readme = File.ReadAllText(Path.Combine(RepoPaths.Root, "models", "README.md"));
        foreach (CatalogueModel model in s_catalogue.Models.Where(model => model.Path is not null))
        {
            Assert.Contains(Path.GetFileName(model.Path)!, readme, StringComparison.Ordinal);
            Assert.Contains(model.Sha256!, readme, StringComparison.Ordinal);
        }
    }
}
