namespace LocalLlm.Engine.Tests.Generation;

public sealed class NearestVectorsTests
{
    [Fact]
    public void KeepsWhatSortingAllWouldKeep()
    {
        var random = new Random(5);
        float[] Vector() => [.. Enumerable.Range(0, 16).Select(_ => (float)(random.NextDouble() - 0.5))];
        float[] query = Vector();
        float[][] vectors = [.. Enumerable.Range(0, 200).Select(_ => Vector())];
        var nearest = new NearestVectors(query, 7);
        for (int i = 0; i < vectors.Length; i++)
        {
            nearest.Add(i, vectors[i]);
        }
        double Cosine(float[] vector) =>
            query.Zip(vector, (x, y) => (double)x * y).Sum() / Math.Sqrt(query.Sum(x => (double)x * x) * vector.Sum(x => (double)x * x));
        int[] expected = [.. Enumerable.Range(0, vectors.Length).OrderByDescending(i => Cosine(vectors[i])).Take(7)];
        Assert.Equal(expected, nearest.Best.Select(item => (int)item.Index));
        Assert.All(nearest.Best, item => Assert.Equal(Cosine(vectors[item.Index]), item.Cosine, 1e-6));
    }

    [Fact]
    public void OfEqualsTheFirstStays()
    {
        var nearest = new NearestVectors([1, 0], 2);
        Assert.Equal([true, true, false], new[] { nearest.Add(1, [2, 0]), nearest.Add(2, [1, 0]), nearest.Add(3, [3, 0]) });
        Assert.Equal([1L, 2L], nearest.Best.Select(item => item.Index));
        Assert.Throws<ArgumentException>(() => nearest.Add(4, [1, 0, 0]));
    }
}
