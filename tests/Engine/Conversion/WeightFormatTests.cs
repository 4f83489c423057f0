using System.Buffers.Binary;
using LocalLlm.Engine.Conversion;
using LocalLlm.Gguf;
using LocalLlm.Quant;

namespace LocalLlm.Engine.Tests.Conversion;

/// <summary>Conversions that change the format of weights: every weight becomes the nearest one that the format has.</summary>
public sealed unsafe class WeightFormatTests(ConvertedModels models) : IClassFixture<ConvertedModels>
{
    [Theory]
    [InlineData("qwen3-sharded")]
    [InlineData("qwen2")]
    public void ToBf16IsNearestWithTiesToEven(string name) => Compare(name, GgmlType.BF16, value =>
    {
        uint lower = BitConverter.SingleToUInt32Bits(value) & 0xFFFF0000;
        float below = BitConverter.UInt32BitsToSingle(lower), above = BitConverter.UInt32BitsToSingle(lower + 0x10000);
        double toBelow = Math.Abs((double)value - below), toAbove = Math.Abs((double)above - value);
        return toBelow < toAbove || (toBelow == toAbove && (lower & 0x10000) == 0) ? below : above;
    });

    [Theory]
    [InlineData("qwen3-tied")]
    [InlineData("qwen3-sharded")]
    [InlineData("llama3")]
    public void ToF16IsDotNetsRounding(string name) => Compare(name, GgmlType.F16, value => (float)(Half)value);

    [Fact]
    public void AWeightBeyondF16IsRefused()
    {
        using CheckpointCopy copy = new("qwen3-tied");
        using (FileStream weights = new(copy["model.safetensors"], FileMode.Open))
        {
            Span<byte> length = stackalloc byte[8];
            weights.ReadExactly(length);
            weights.Position = 8 + BinaryPrimitives.ReadInt64LittleEndian(length);
            weights.Write([0x00, 0x48]); // 131072
        }
        using ModelConverter converter = ModelConverter.Open(copy.Directory, new ConversionOptions { MatrixType = GgmlType.F16 });
        string message = Assert.Throws<TextEngineException>(() => converter.Write(copy.Result)).Message;
        Assert.Contains("in the tensor 'model.embed_tokens.weight' the weight 131072 is too large for F16", message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(Path.GetDirectoryName(copy.Result)!));
        copy.Convert(GgmlType.BF16).Dispose();
    }

    private void Compare(string name, GgmlType type, Func<float, float> round)
    {
        using GgufFile exact = GgufFile.Open(models.Path(name, GgmlType.F32));
        using GgufFile rounded = GgufFile.Open(models.Path(name, type));
        foreach (GgufTensor tensor in rounded.Tensors)
        {
            bool isVector = tensor.Dimensions.Count == 1;
            Assert.Equal(isVector ? GgmlType.F32 : type, tensor.Type);
            float[] expected = Values(exact.Get(tensor.Name));
            Assert.Equal(isVector ? expected : Array.ConvertAll(expected, value => round(value)), Values(tensor));
        }
    }

    private static float[] Values(GgufTensor tensor)
    {
        float[] values = new float[tensor.ElementCount];
        RowDecoder.Decode(tensor.Type, new ReadOnlySpan<byte>(tensor.Data, (int)tensor.ByteLength), values);
        return values;
    }
}
