using LocalLlm.Engine.Quantization;
using LocalLlm.Engine.Tests.Models;
using LocalLlm.Gguf;

namespace LocalLlm.Engine.Tests.Quantization;

/// <summary>Which tensor gets which format.</summary>
public sealed class QuantizationRecipeTests
{
    private const int Blocks = 32;
    private static readonly string[] s_roles = ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"];

    // What llama.cpp prints when it loads the published files of Llama 3 8B (32 blocks, an output head of its own): tensors by type, norms left out.
    [Theory]
    [InlineData("Q4_0", "Q4_0 225, Q6_K 1")]
    [InlineData("Q8_0", "Q8_0 226")]
    [InlineData("Q4_K_S", "Q4_K 217, Q5_K 8, Q6_K 1")]
    [InlineData("Q4_K_M", "Q4_K 193, Q6_K 33")]
    [InlineData("Q5_K_S", "Q5_K 225, Q6_K 1")]
    [InlineData("Q5_K_M", "Q5_K 193, Q6_K 33")]
    [InlineData("Q6_K", "Q6_K 226")]
    public void MixesAreThePublishedOnes(string name, string expected)
    {
        QuantizationRecipe recipe = Find(name);
        IEnumerable<GgmlType> inBlocks = Enumerable.Range(0, Blocks).SelectMany(block => s_roles.Select(role => recipe.TypeOf(role, block, Blocks, isHead: false)));
        GgmlType[] types = [recipe.TypeOf("output", -1, Blocks, isHead: true), recipe.TypeOf("token_embd", -1, Blocks, isHead: false), .. inBlocks];
        Assert.Equal(expected, string.Join(", ", types.GroupBy(type => type).OrderBy(group => group.Key).Select(group => $"{group.Key} {group.Count()}")));
    }

    [Theory]
    [InlineData("q4_k_s", "Q4_K_S", 14)]
    [InlineData("q4_K_M", "Q4_K_M", 15)]
    [InlineData("Q4_K", "Q4_K_M", 15)]
    [InlineData("q5_k", "Q5_K_M", 17)]
    [InlineData("f16", "F16", 1)]
    [InlineData("bf16", "BF16", 32)]
    public void NamesAreKnownInAnyCase(string name, string expected, uint fileType)
    {
        QuantizationRecipe recipe = Find(name);
        Assert.Equal((expected, fileType), (recipe.Name, recipe.FileType));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Q4")]
    [InlineData("IQ4_XS")]
    public void OtherNamesAreNot(string name) => Assert.False(QuantizationRecipe.TryFind(name, out _));

    [Theory]
    [InlineData(GgmlType.Q4_K, 512, GgmlType.Q4_K)]
    [InlineData(GgmlType.Q4_K, 576, GgmlType.Q5_0)]
    [InlineData(GgmlType.Q5_K, 576, GgmlType.Q5_1)]
    [InlineData(GgmlType.Q6_K, 576, GgmlType.Q8_0)]
    [InlineData(GgmlType.Q4_K, 100, GgmlType.F16)]
    [InlineData(GgmlType.Q8_0, 100, GgmlType.F16)]
    [InlineData(GgmlType.BF16, 100, GgmlType.BF16)]
    public void RowsThatAreNoWholeNumberOfBlocksGetAnotherFormat(GgmlType wanted, long columns, GgmlType expected) =>
        Assert.Equal(expected, QuantizationRecipe.ForRows(wanted, columns));

    [Fact]
    public void ThePublishedFileWasMadeByTheRecipe()
    {
        // Its embedding, which is the head too, would be Q6_K, but 576 is no multiple of 256.
        using GgufFile file = GgufFile.Open(Engines.SmolLm2);
        QuantizationPlan plan = QuantizationPlan.Of(file, Find("Q4_1"));
        Assert.All(plan.Tensors, tensor => Assert.True(tensor.IsCopied, tensor.Source.ToString()));
        Assert.Equal(GgmlType.Q6_K, Assert.Single(plan.Tensors, tensor => tensor.Type != tensor.Wanted).Wanted);
        Assert.Null(plan.Requantized);
        Assert.Equal(file.Tensors.Sum(tensor => tensor.ByteLength), plan.Bytes);
    }

    private static QuantizationRecipe Find(string name)
    {
        Assert.True(QuantizationRecipe.TryFind(name, out QuantizationRecipe? recipe));
        return recipe;
    }
}
