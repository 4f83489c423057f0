using System.Globalization;
using System.Text.RegularExpressions;
using LocalLlm.Engine;
using LocalLlm.Engine.Transformer;
using LocalLlm.Gguf;
using LocalLlm.Server.Models;

namespace LocalLlm.Server.Tests.Models;

/// <summary>Every entry of <c>models.manifest</c>, and the memory plans that are made of its facts.</summary>
public sealed partial class CataloguePlanTests
{
    private const long GiB = 1L << 30;

    private static readonly ModelCatalogue s_catalogue = ModelCatalogue.Find(AppContext.BaseDirectory);

    public static TheoryData<string> Names => [.. s_catalogue.Models.Select(model => model.Names[0])];

    [Fact]
    public void KnowsTheModelsThatPeopleAskFor()
    {
        Assert.InRange(s_catalogue.Models.Count, 22, 60);
        Assert.All(TransformerConfig.Architectures, architecture => Assert.Contains(s_catalogue.Models, model => model.Architecture == architecture));
        Assert.All(["qwen3:8b", "llama3.2", "qwen2.5:7b", "mistral", "smollm2"], name => Assert.NotNull(s_catalogue.FindByName(name)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryEntryHasTheFactsOfAPlan(string name)
    {
        CatalogueModel model = s_catalogue.FindByName(name)!;
        Assert.Contains(model.Architecture, TransformerConfig.Architectures.Concat(EncoderConfig.Architectures));
        Assert.All<object?>([model.About, model.Source, model.Licence, model.Context, (object?)model.Shape ?? model.EncoderShape, model.Parameters], Assert.NotNull);
        MemoryPlan plan = CataloguePlan.For(model, new ModelOptions(), 1000 * GiB)!;
        Assert.True(plan.Fits);
        Assert.Equal(model.Context, plan.TrainedContextLength);
        Assert.False(CataloguePlan.For(model, new ModelOptions(), plan.LeastBytes / 2)!.Fits);
        // No format has fewer than 4 or more than 16 bits and some for scales.
        Assert.InRange(8.0 * plan.WeightBytes / model.Parameters!.Value, 4, 16.1);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void WeightsOfTheShapeAreThoseThatWerePublished(string name)
    {
        CatalogueModel model = s_catalogue.FindByName(name)!;
        if (model.EncoderShape is { } encoder)
        {
            Assert.Equal(model.Parameters, encoder.Tensors(model.Context!.Value).Sum(tensor => tensor.Elements));
            return;
        }
        Assert.Equal(model.Parameters, model.Shape!.Tensors(model.Architecture!).Sum(tensor => tensor.Elements));
        // Names give the size without the copy of an embedding, cut off rather than rounded: 8.19 is 8b, 3.21 is 3b, 1.24 is 1b, 0.596 is 0.6b.
        string? size = model.Names.Select(text => SizeClass.Match(text)).FirstOrDefault(match => match.Success)?.Value;
        if (size is not null)
        {
            double unit = char.ToLowerInvariant(size[^1]) == 'b' ? 1e9 : 1e6;
            double named = double.Parse(size[..^1], CultureInfo.InvariantCulture) * unit;
            CatalogueShape once = model.Shape with { Output = model.Shape.Output == OutputHead.Copied ? OutputHead.Shared : model.Shape.Output };
            double counted = once.Tensors(model.Architecture!).Sum(tensor => tensor.Elements);
            Assert.InRange(counted / named, 0.95, 1.25);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void TagsOfAReferenceSayTheQuantization(string name)
    {
        CatalogueModel model = s_catalogue.FindByName(name)!;
        if (model.Reference is { Host: not ModelName.DefaultHost } reference)
        {
            Assert.Equal(model.Quantization, reference.Tag);
        }
    }

    [Theory]
    [InlineData("smollm2")]
    [InlineData("all-minilm")]
    public void PlanOfTheFactsIsThePlanOfTheFile(string name)
    {
        CatalogueModel model = s_catalogue.Resolve(name);
        MemoryPlan facts = CataloguePlan.For(model, new ModelOptions(), 16 * GiB)!;
        MemoryPlan file = new ModelPlans(new ModelOptions()).Read(model.ToServed())!(16 * GiB);
        Assert.Equal(file, facts);
        // Without the size it is worked out: from its tensors, all but the header, a few of which are in better formats than the recipe has.
        long guess = CataloguePlan.FileBytes(model with { Size = null })!.Value;
        Assert.InRange((double)guess / model.Size!.Value, 0.9, 1.02);
    }

    [Fact]
    public void SmallestShapeHasTheTensorsOfItsFile()
    {
        CatalogueModel model = s_catalogue.Resolve("smollm2");
        using GgufFile file = GgufFile.Open(model.Path!);
        IEnumerable<string> expected = file.Tensors.Select(tensor => $"{tensor.Name} {tensor.ElementCount}").Order(StringComparer.Ordinal);
        IEnumerable<string> actual = model.Shape!.Tensors("llama")
            .Select(tensor => $"{(tensor.Block < 0 ? "" : $"blk.{tensor.Block}.")}{tensor.Role}.weight {tensor.Elements}").Order(StringComparer.Ordinal);
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void ShapeOfAnEncoderHasTheTensorsOfItsFile()
    {
        CatalogueModel model = s_catalogue.Resolve("all-minilm");
        using GgufFile file = GgufFile.Open(model.Path!);
        IEnumerable<string> expected = file.Tensors.Select(tensor => $"{tensor.Name} {tensor.ElementCount}").Order(StringComparer.Ordinal);
        IEnumerable<string> actual = model.EncoderShape!.Tensors(model.Context!.Value)
            .Select(tensor => $"{(tensor.Block < 0 ? "" : $"blk.{tensor.Block}.")}{tensor.Role}{(tensor.Role.EndsWith(".bias", StringComparison.Ordinal) ? "" : ".weight")} {tensor.Elements}").Order(StringComparer.Ordinal);
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void TooFewFactsAreNoPlan()
    {
        CatalogueModel model = new() { Names = ["x"], Architecture = "qwen3", Quantization = "Q4_K_M", Context = 4096 };
        Assert.Null(CataloguePlan.For(model, new ModelOptions(), GiB));
        Assert.Null(CataloguePlan.FileBytes(model));
        Assert.Null(CataloguePlan.FileBytes(s_catalogue.FindByName("qwen3:8b")! with { Quantization = "Q9_X" }));
    }

    [GeneratedRegex(@"(?<![\d.a-z])\d+(\.\d+)?[bm]$")]
    private static partial Regex SizeClass { get; }
}
