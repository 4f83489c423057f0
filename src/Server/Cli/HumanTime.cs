namespace LocalLlm.Server.Cli;

/// <summary>Times as Ollama's lists show them, in one rough unit.</summary>
internal static class HumanTime
{
    private const int DaysPerYear = 365;

    /// <summary>How far a time lies ahead or back: <c>4 minutes from now</c>, <c>2 days ago</c>, <c>Forever</c> beyond twenty years, <c>Never</c> for no time at all.</summary>
    public static string Of(DateTimeOffset time, DateTimeOffset now)
    {
        TimeSpan distance = time - now;
        return time == default ? "Never"
            : distance.TotalDays > 20 * DaysPerYear ? "Forever"
            : distance > TimeSpan.Zero ? $"{Length(distance)} from now"
            : $"{Length(-distance)} ago";
    }

    private static string Length(TimeSpan length) => length switch
    {
        { TotalSeconds: < 1 } => "Less than a second",
        { TotalSeconds: < 2 } => "1 second",
        { TotalMinutes: < 1 } => $"{(int)length.TotalSeconds} seconds",
        { TotalMinutes: < 2 } => "About a minute",
        { TotalHours: < 1 } => $"{(int)length.TotalMinutes} minutes",
        { TotalHours: < 2 } => "About an hour",
        { TotalHours: < 48 } => $"{(int)length.TotalHours} hours",
        { TotalDays: < 14 } => $"{(int)length.TotalDays} days",
        { TotalDays: < 60 } => $"{(int)length.TotalDays / 7} weeks",
        { TotalDays: < 2 * DaysPerYear } => $"{(int)length.TotalDays / 30} months",
        _ => $"{(int)length.TotalDays / DaysPerYear} years",
    };
}
