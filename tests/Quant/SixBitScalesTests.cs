namespace LocalLlm.Quant.Tests;

/// <summary>The packed field of Q4_K and Q5_K.</summary>
public class SixBitScalesTests
{
    [Fact]
    public void Unpacks_what_was_packed()
    {
        Random random = new(11);
        for (int round = 0; round < 1000; round++)
        {
            int[] scales = [.. Enumerable.Range(0, 8).Select(_ => random.Next(64))];
            int[] minimums = [.. Enumerable.Range(0, 8).Select(_ => random.Next(64))];
            SixBitScales unpacked = SixBitScales.Unpack(Pack(scales, minimums));
            Assert.Equal(scales, Enumerable.Range(0, 8).Select(unpacked.Scale));
            Assert.Equal(minimums, Enumerable.Range(0, 8).Select(unpacked.Minimum));
            byte[] again = new byte[12];
            unpacked.Pack(again);
            Assert.Equal(Pack(scales, minimums), again);
        }
    }

    private static byte[] Pack(int[] scales, int[] minimums)
    {
        byte[] packed = new byte[12];
        for (int j = 0; j < 4; j++)
        {
            packed[j] = (byte)(scales[j] | (scales[j + 4] >> 4 << 6));
            packed[j + 4] = (byte)(minimums[j] | (minimums[j + 4] >> 4 << 6));
            packed[j + 8] = (byte)((scales[j + 4] & 15) | ((minimums[j + 4] & 15) << 4));
        }
        return packed;
    }
}
