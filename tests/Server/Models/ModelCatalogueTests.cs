using System.Text.Json;
using LocalLlm.Server.Models;

namespace LocalLlm.Server.Tests.Models;

public sealed class ModelCatalogueTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("catalogue").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("one")]
    [InlineData("ONE")]
    [InlineData("one:latest")]
    [InlineData("One:Small")]
    [InlineData(" one ")]
    [InlineData("library/one")]
    [InlineData("registry.ollama.ai/library/one:latest")]
    public void ResolvesNamesWhateverTheirCaseAndDefaultParts(string name)
    {
        CatalogueModel model = Example().Resolve(name);
        Assert.Equal(Path.Combine(_folder, "models", "one.gguf"), model.Path);
        Assert.Equal("Q4_1", model.Quantization);
        Assert.Equal(0.2, model.Defaults?.GetProperty("temperature").GetDouble());
    }

    [Fact]
    public void ResolvesThePathOfAFile()
    {
        string file = Path.Combine(_folder, "own model.gguf");
        File.WriteAllBytes(file, [1]);
        CatalogueModel model = Example().Resolve(file);
        Assert.Equal(file, model.Path);
        Assert.Equal(["own model"], model.Names);
        Assert.Null(model.Defaults);
    }

    [Theory]
    [InlineData("one:smol", "There is no model 'one:smol'; did you mean 'one:small'? 'localllm search' lists the names that are known. Any other model runs by the path of its GGUF file, for example ./smol.gguf.")]
    [InlineData("", "There is no model ''; 'localllm search' lists the names that are known. Any other model runs by the path of its GGUF file, for example ./model.gguf.")]
    [InlineData("/nowhere/x.gguf", "There is no file '/nowhere/x.gguf'.")]
    [InlineData("far", "The model 'far' does not come with this program: fetch it with 'localllm pull far', or give the path of its GGUF file.")]
    public void SaysWhatItCannotFind(string name, string sentence)
    {
        ModelCatalogue catalogue = Example();
        Assert.Equal(sentence, Assert.Throws<ModelCatalogueException>(() => catalogue.Resolve(name)).Message);
    }

    [Fact]
    public void SaysWhenABundledFileIsMissingOrIncomplete()
    {
        ModelCatalogue catalogue = Example();
        string file = Path.Combine(_folder, "models", "one.gguf");
        File.WriteAllBytes(file, [1, 2]);
        Assert.Contains("has 2 bytes where 3 are right", Assert.Throws<ModelCatalogueException>(() => catalogue.Resolve("one")).Message);
        File.Delete(file);
        Assert.Contains("is missing", Assert.Throws<ModelCatalogueException>(() => catalogue.Resolve("one")).Message);
    }

    [Theory]
    [InlineData("far", "hf.co/a/b:Q8_0")]
    [InlineData("FAR:latest", "hf.co/a/b:Q8_0")]
    [InlineData("lib", "registry.ollama.ai/library/lib:latest")] // the entry names lib:1b, but other tags of a repository are themselves
    [InlineData("lib:1b", "registry.ollama.ai/library/lib:1b")]
    [InlineData("lib:2b", "registry.ollama.ai/library/lib:2b")]
    [InlineData("hf.co/x/y:Q4_0", "hf.co/x/y:Q4_0")]
    [InlineData("one", "registry.ollama.ai/library/one:latest")]
    public void RegistriesAreAskedForTheReference(string name, string reference) =>
        Assert.Equal(reference, Example().ReferenceOf(ModelName.TryParse(name, out ModelName? parsed) ? parsed.Value : default).FullName);

    [Fact]
    public void SearchesUpwards()
    {
        Example();
        string below = Directory.CreateDirectory(Path.Combine(_folder, "a", "b")).FullName;
        Assert.Equal(3, ModelCatalogue.Find(below).Models.Count);
        Assert.Equal(3, ModelCatalogue.Find(_folder + Path.DirectorySeparatorChar).Models.Count);
    }

    [Theory]
    [InlineData("{", "is not JSON: line 1")]
    [InlineData("[]", "the manifest must be an object.")]
    [InlineData("""{"models":[]}""", "version must be 1, the only version that this program knows.")]
    [InlineData("""{"version":2,"models":[]}""", "version must be 1, the only version that this program knows.")]
    [InlineData("""{"version":"1","models":[]}""", "version must be a whole number from 1")]
    [InlineData("""{"version":1}""", "models must be an array.")]
    [InlineData("""{"version":1,"models":[],"extra":0}""", "the manifest has the unknown key 'extra'; known are version, models.")]
    [InlineData("""{"version":1,"version":1,"models":[]}""", "the manifest has the key 'version' twice.")]
    [InlineData("""{"version":1,"models":[3]}""", "models[0] must be an object.")]
    public void RefusesABrokenManifest(string json, string sentence) => AssertRefused(json, sentence);

    [Theory]
    [InlineData("""{"names":["x"]}""", "models[0] must be an entry with either 'file' or 'reference'.")]
    [InlineData("""{"names":["x"],"file":"a","reference":"h/o/b"}""", "models[0] must be an entry with either 'file' or 'reference'.")]
    [InlineData("""{"names":["x"],"file":"a"}""", "models[0] must be an entry with 'sha256' and 'size', because it has a 'file'.")]
    [InlineData("""{"reference":"h/o/b"}""", "models[0].names must be an array of at least one name.")]
    [InlineData("""{"names":[],"reference":"h/o/b"}""", "models[0].names must be an array of at least one name.")]
    [InlineData("""{"names":["a b"],"reference":"h/o/b"}""", "models[0].names[0] must be a model name")]
    [InlineData("""{"names":["x","X:latest"],"reference":"h/o/b"}""", "models[0].names[1] must be a name that no other entry has, but 'X:latest' stands in the manifest twice.")]
    [InlineData("""{"names":["x"],"file":"../a","size":1,"sha256":"00"}""", "models[0].file must be a path below the manifest's folder")]
    [InlineData("""{"names":["x"],"file":"/a","size":1,"sha256":"00"}""", "models[0].file must be a path below the manifest's folder")]
    [InlineData("""{"names":["x"],"file":"a","size":1,"sha256":"00"}""", "models[0].sha256 must be 64 lower-case hexadecimal digits.")]
    [InlineData("""{"names":["x"],"reference":"h/o/b","size":0}""", "models[0].size must be a whole number from 1")]
    [InlineData("""{"names":["x"],"reference":"h/o/b","size":1.5}""", "models[0].size must be a whole number from 1")]
    [InlineData("""{"names":["x"],"reference":"h/o/b","context":3000000000}""", "models[0].context must be a whole number from 1 to 2147483647.")]
    [InlineData("""{"names":["x"],"reference":"h/o/b","licence":""}""", "models[0].licence must be a text that is not empty.")]
    [InlineData("""{"names":["x"],"reference":"h/o/b","license":"MIT"}""", "models[0] has the unknown key 'license'")]
    [InlineData("""{"names":["x"],"reference":"b"}""", "models[0].reference must be a name with its registry")]
    [InlineData("""{"names":["x"],"reference":"h/o/b","shape":{}}""", "models[0].shape.blocks must be a whole number from 1 to 1048576.")]
    [InlineData("""{"names":["x"],"reference":"h/o/b","architecture":"bert","shape":{"blocks":1,"width":8,"feed_forward":8,"heads":3,"vocabulary":8,"token_types":2}}""", "models[0].shape.heads must be a divisor of the width 8.")]
    [InlineData("""{"names":["x"],"reference":"h/o/b","architecture":"bert","shape":{"heads_kv":3}}""", "models[0].shape has the unknown key 'heads_kv'")]
    [InlineData("""{"names":["x"],"reference":"h/o/b","shape":{"layers":1}}""", "models[0].shape has the unknown key 'layers'")]
    [InlineData("""{"names":["x"],"reference":"h/o/b","shape":{"blocks":1,"width":8,"feed_forward":8,"heads":3,"heads_kv":2,"key_length":8,"vocabulary":8,"output":"own"}}""", "models[0].shape.heads_kv must be a divisor of the 3 heads.")]
    [InlineData("""{"names":["x"],"reference":"h/o/b","shape":{"blocks":1,"width":8,"feed_forward":8,"heads":2,"heads_kv":2,"key_length":8,"vocabulary":8,"output":"tied"}}""", "models[0].shape.output must be one of shared, copied, own.")]
    [InlineData("""{"names":["x"],"reference":"h/o/b","pooling":"max"}""", "models[0].pooling must be one of mean, cls, last.")]
    [InlineData("""{"names":["x"],"reference":"h/o/b","defaults":{"temperature":"hot"}}""", "models[0].defaults must be an object of options")]
    [InlineData("""{"names":["x"],"reference":"h/o/b","defaults":[1]}""", "models[0].defaults must be an object of options")]
    public void RefusesABrokenEntry(string entry, string sentence) => AssertRefused($$"""{"version":1,"models":[{{entry}}]}""", sentence);

    private static void AssertRefused(string json, string sentence)
    {
        string message = Assert.Throws<ModelCatalogueException>(() => ManifestParser.Parse("/m/models.manifest", json)).Message;
        Assert.StartsWith("'/m/models.manifest'", message, StringComparison.Ordinal);
        Assert.Contains(sentence, message, StringComparison.Ordinal);
    }

    private ModelCatalogue Example()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "models"));
        File.WriteAllBytes(Path.Combine(_folder, "models", "one.gguf"), [1, 2, 3]);
        string manifest = Path.Combine(_folder, ModelCatalogue.FileName);
        File.WriteAllText(manifest, JsonSerializer.Serialize(new
        {
            version = 1,
            models = new object[]
            {
                new { names = new[] { "one", "one:small" }, file = "models/one.gguf", sha256 = new string('0', 64), size = 3, quantization = "Q4_1", defaults = new { temperature = 0.2, stop = new[] { "x" } } },
                new { names = new[] { "far" }, reference = "hf.co/a/b:Q8_0", pooling = "mean" },
                new { names = new[] { "lib", "lib:1b" }, reference = "registry.ollama.ai/library/lib:1b" },
            },
        }));
        return ModelCatalogue.Open(manifest);
    }
}
