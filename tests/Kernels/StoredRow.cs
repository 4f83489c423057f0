namespace LocalLlm.Kernels.Tests;

/// <summary>A key or value as a cache stores it by docs/arithmetic.md, worked out number by number.</summary>
/// <param name="Numbers">Bytes of the numbers.</param>
/// <param name="Scales">Bytes of the scales; empty for plain numbers.</param>
/// <param name="Values">What is read back.</param>
internal sealed record StoredRow(byte[] Numbers, byte[] Scales, float[] Values)
{
    public static StoredRow Of(KvType type, ReadOnlySpan<float> numbers)
    {
        float[] row = numbers.ToArray();
        return type switch
        {
            KvType.F16 => new([.. row.SelectMany(x => BitConverter.GetBytes((Half)x))], [], [.. row.Select(x => (float)(Half)x)]),
            KvType.F32 => new([.. row.SelectMany(BitConverter.GetBytes)], [], row),
            _ => Quantized(row),
        };
    }

    private static StoredRow Quantized(float[] row)
    {
        List<byte> quants = [], scales = [];
        List<float> values = [];
        foreach (float[] block in row.Chunk(32))
        {
            Half scale = (Half)(block.Max(Math.Abs) / 127);
            bool usable = block.All(float.IsFinite) && Half.IsFinite(scale);
            scale = usable ? scale : Half.NaN;
            foreach (float x in block)
            {
                int quant = usable && (float)scale > 0 ? (int)Math.Clamp(MathF.Round(x * (1 / (float)scale), MidpointRounding.ToEven), -127, 127) : 0;
                quants.Add((byte)quant);
                values.Add(quant * (float)scale);
            }
            scales.AddRange(BitConverter.GetBytes(Half.IsNaN(scale) ? BitConverter.UInt16BitsToHalf(0x7E00) : scale));
        }
        return new([.. quants], [.. scales], [.. values]);
    }
}
