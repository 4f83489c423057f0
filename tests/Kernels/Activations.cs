namespace LocalLlm.Kernels.Tests;

/// <summary>Activations for tests.</summary>
public static class Activations
{
    /// <summary>Normally distributed values with some outliers, as hidden states have them.</summary>
    public static float[] Random(int count, int seed)
    {
        Random random = new(seed);
        float[] x = new float[count];
        for (int i = 0; i < count; i++)
        {
            float u = random.NextSingle() + random.NextSingle() + random.NextSingle() - 1.5f;
            x[i] = random.Next(50) == 0 ? u * 20 : u;
        }
        return x;
    }

    /// <summary>Blocks of 32, each of another kind: zeros, subnormals, the largest numbers, one outlier, all equal, alternating.</summary>
    public static float[] Wild(int count, int seed)
    {
        Random random = new(seed);
        float[] x = Random(count, seed);
        for (int b = 0; b < count / 32; b++)
        {
            Span<float> block = x.AsSpan(32 * b, 32);
            switch (random.Next(10))
            {
                case 0: block.Clear(); break;
                case 1: block.Fill(-0f); break;
                case 2: Scale(block, 1e-39f); break;
                case 3: Scale(block, 1e-37f); break;
                case 4: Scale(block, 1e37f); break;
                case 5: block.Fill(float.MaxValue); break;
                case 6: block.Fill(-3.5f); break;
                case 7: block.Fill(0.001f); block[random.Next(32)] = -1000; break;
                case 8: Alternate(block, float.MaxValue); break;
                default: break;
            }
        }
        return x;
    }

    private static void Scale(Span<float> block, float factor)
    {
        foreach (ref float x in block)
        {
            x *= factor;
        }
    }

    private static void Alternate(Span<float> block, float value)
    {
        for (int i = 0; i < block.Length; i++)
        {
            block[i] = i % 2 == 0 ? value : -value;
        }
    }
}
