using System.Diagnostics;
using System.Globalization;
using System.Text;
using Fscrypt.Sim.Differences;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Commands;

/// <summary>
/// <c>compare --differences</c>, and the end of <c>compare</c>: for each question that was in dispute the shortest scenario that tells two
/// designs apart, and what no system call shows.
/// </summary>
internal sealed class CompareDifferences(KernelConfiguration left, KernelConfiguration right, IReadOnlyList<Question> questions, bool quiet, int workers)
{
    private readonly Divergence[] rows = new Divergence[questions.Count];

    /// <summary>Whether some search did not come to its end.</summary>
    public bool IsUndecided => rows.Any(r => r.Undecided > 0);

    /// <summary>Why a scenario that was named cannot be asked, in a sentence, or null.</summary>
    public string? Refusal()
        => questions.Select(q => q.Given).OfType<Scenario>().Select(s => s.HasKernel ? s.RefusalOf(left) : $"{s.Name} has no kernel: no design makes a difference to it; explore it")
            .FirstOrDefault(r => r != null);

    /// <summary>Searches.</summary>
    public void Run(Output output)
    {
        var progress = new SearchProgress(quiet ? null : output.Error, questions.Count);
        Explorer.InParallel(questions.Count, workers, i =>
        {
            rows[i] = DifferenceSearch.Run(questions[i], left, right, null, progress);
            progress.Done();
        });
    }

    /// <summary>What was found, for programs.</summary>
    public IReadOnlyList<DifferenceRow> Rows
        => [.. rows.Select(r => new DifferenceRow(
            r.Question.Slug, r.Question.Property, r.Searched, r.Scenario?.Text, r.Observation,
            r.Scenario == null ? [] : [.. OnlyOf(r.Left!, r.Right!, r), .. OnlyOf(r.Right!, r.Left!, r)]))];

    /// <summary>Prints what was found.</summary>
    public void Print(Output output)
    {
        output.Line($"Where {left.Design} and {right.Design} part ({left.Release}, {left.FileSystem})");
        if (rows.Any(r => r.Question.Given == null))
            output.Line("d is encrypted with K1; d/f in it is clean, and cached with a page. The shortest scenario, all schedules:");
        foreach (var row in rows)
        {
            output.Line();
            output.Line($"{row.Question.Slug}: {row.Question.Property}");
            if (row.Scenario == null)
            {
                output.Line((row.Question.Given != null ? "  the same answers"
                    : $"  the same answers in all {row.Searched} scenarios of up to {row.Question.SizeMax} of {string.Join(", ", row.Question.Operations)}")
                    + (row.Undecided == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"; {row.Undecided} not searched to their end")));
                continue;
            }

            foreach (var line in row.Question.StoryOf(row.Scenario))
                output.Line("  " + line);
            PrintOnly(output, row, row.Left!, row.Right!);
            PrintOnly(output, row, row.Right!, row.Left!);
        }

        if (rows.All(r => r.Question.Given != null))
            return;
        output.Line();
        output.Line("What no system call shows: a removal of d and d/f, with nobody beside it");
        InsideRemoval[] inside = [InsideRemoval.Of(left), InsideRemoval.Of(right)];
        foreach (var of in inside)
        {
            output.Line($"  {of.Kernel.Design}");
            output.Line($"    sets I_FREEING                       {Names(of.Freers)}");
            output.Line($"    locks inside of the list's lock      {Names(of.Nested)}");
            output.Line($"    fs/crypto calls of fs/inode.c        {Names(of.Called)}");
            output.Line($"    inodes locked inside of it           {of.Visited}");
        }
    }

    private static string Names(IReadOnlyCollection<string> names) => names.Count == 0 ? "-" : string.Join(", ", names);

    private static void PrintOnly(Output output, Divergence row, Answers here, Answers there)
    {
        foreach (var only in OnlyOf(here, there, row))
        {
            output.Line($"  only {only.Design}{(only.Allowed ? "" : $", and against {string.Join(", ", here.Broken)}")}:");
            foreach (var line in Wrapped(only.Answers, Output.Width - 4))
                output.Line("    " + line);
        }
    }

    private static IEnumerable<DifferenceAnswers> OnlyOf(Answers here, Answers there, Divergence row)
        => row.IsProbe
            ? [new(here.Kernel.Design.Name, $"{row.Observation} {here.Probes[row.Question.Probes.IndexOf(row.Observation!)]}", true)]
            : here.OnlyHere(there, row.Observation!).Select(o => new DifferenceAnswers(here.Kernel.Design.Name, o.Text, o.IsAllowed));

    /// <summary>A text in lines of a width, broken at spaces.</summary>
    public static IEnumerable<string> Wrapped(string text, int width)
    {
        var line = new StringBuilder();
        foreach (var word in text.Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line.ToString();
                line.Clear();
            }

            line.Append(line.Length == 0 ? "" : " ").Append(word);
        }

        yield return line.ToString();
    }
}
