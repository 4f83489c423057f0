namespace LocalLlm.Server.Models;

/// <summary>Finds what somebody meant who mistyped a name.</summary>
internal static class NearestName
{
    /// <summary>The candidate with the fewest typing errors, at most one in three characters; null if none is that near.</summary>
    public static string? Of(string name, IEnumerable<string> candidates) =>
        candidates.Select(candidate => (candidate, distance: Distance(name, candidate)))
            .Where(pair => pair.distance <= Math.Max(1, name.Length / 3))
            .OrderBy(pair => pair.distance)
            .Select(pair => pair.candidate)
            .FirstOrDefault();

    /// <summary>How many characters must be put in, left out, exchanged or swapped with their neighbour (optimal string alignment), whatever their case.</summary>
    public static int Distance(string a, string b)
    {
        // rows[i % 3][j]: distance of the first i characters of a from the first j of b.
        int[][] rows = [new int[b.Length + 1], new int[b.Length + 1], new int[b.Length + 1]];
        for (int j = 0; j <= b.Length; j++)
        {
            rows[0][j] = j;
        }
        for (int i = 1; i <= a.Length; i++)
        {
            (int[] current, int[] last, int[] beforeLast) = (rows[i % 3], rows[(i + 2) % 3], rows[(i + 1) % 3]);
            current[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int exchange = Same(a[i - 1], b[j - 1]) ? 0 : 1;
                current[j] = Math.Min(Math.Min(last[j], current[j - 1]) + 1, last[j - 1] + exchange);
                if (i > 1 && j > 1 && Same(a[i - 1], b[j - 2]) && Same(a[i - 2], b[j - 1]))
                {
                    current[j] = Math.Min(current[j], beforeLast[j - 2] + 1);
                }
            }
        }
        return rows[a.Length % 3][b.Length];
    }

    private static bool Same(char a, char b) => char.ToLowerInvariant(a) == char.ToLowerInvariant(b);
}
