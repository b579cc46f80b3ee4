using Fscrypt.Sim.Conformance;
using Fscrypt.Sim.Conformance.Live;
using Xunit;

namespace Fscrypt.Sim.Properties.Documents;

/// <summary>
/// The functions that the model says it stands for are functions of the kernel that runs: /proc/kallsyms has them. Those that it has
/// not are named here, each with the reason why a kernel can do without the symbol.
/// </summary>
public static class KernelSymbolsTests
{
    private const string Symbols = "/proc/kallsyms";
    private const int FoundLeast = 250;
    private static readonly string[] CompiledOut = ["fs/f2fs/", "fs/ubifs/", "block/blk-crypto", "fs/crypto/inline_crypt.c", "ChromeOS "];

    // Static functions with one or two callers, which gcc put into them on a 6.18.
    private static readonly string[] Inlined =
    [
        "add_existing_master_key", "check_for_busy_inodes", "do_add_master_key", "evict_dentries_for_decrypted_inodes", "fscrypt_initiate_key_removal",
        "get_keyring_key", "shrink_dcache_inode", "wipe_master_key_secret", "setup_file_encryption_key", "free_direct_key", "fscrypt_get_direct_key",
        "__d_add", "__d_set_inode_and_type", "__d_unalias", "__dput_to_list", "__lock_parent", "d_lru_shrink_move", "d_wait_lookup", "do_one_tree",
        "end_dir_add", "fast_dput", "lock_parent", "retain_dentry", "shrink_kill", "start_dir_add", "__fget_files_rcu", "inode_sync_complete",
        "redirty_tail", "requeue_inode", "wait_sb_inodes", "wb_check_old_data_flush", "dispose_list", "inode_lru_list_del", "inode_pin_lru_isolating",
        "inode_unpin_lru_isolating", "inode_wait_for_lru_isolating", "iput_final", "d_revalidate", "do_tmpfile", "drop_links",
        "filename_parentat", "lookup_slow", "may_lookup", "open_last_lookups", "pick_link", "put_link", "do_umount", "__alloc_pages_direct_reclaim",
    ];

    private static readonly (string Function, string Reason)[] Others =
    [
        ("fscrypt_sb_free", "before v6.1"),
        ("dentry_kill", "before v6.7"),
        ("shrink_lock_dentry", "before v6.7"),
        ("invalidate_inodes", "before v6.12, where evict_inodes does the same"),
        ("wait_on_new_inode", "since v6.19"),
        ("evict_decrypted_inodes", "a design of 2019 that was not merged"),
        ("key_sysctls", "a table, and not a function"),
    ];

    [KallsymsFact]
    public static void What_the_model_stands_for_is_in_the_kernel_that_runs()
    {
        var symbols = File.ReadLines(Symbols).Select(l => l.Split(' ', '\t')[2].Split('.')[0]).ToHashSet(StringComparer.Ordinal);
        var sources = Sources().ToList();
        var missing = sources.Where(s => !symbols.Contains(s.Function) && !symbols.Contains("__x64_sys_" + s.Function)).ToList();
        Assert.True(sources.Count - missing.Count >= FoundLeast, $"{sources.Count - missing.Count} are there");
        Assert.Equal("", string.Join('\n', missing.Where(m => ReasonOf(m.File, m.Function) == null).Select(m => $"{m.File} {m.Function}")));
    }

    [Fact]
    public static void Every_exception_is_one_of_the_model()
    {
        var functions = Sources().Select(s => s.Function).ToHashSet(StringComparer.Ordinal);
        Assert.Subset(functions, Inlined.Concat(Others.Select(o => o.Function)).ToHashSet());
        Assert.All(CompiledOut, f => Assert.Contains(Sources(), s => s.File.StartsWith(f, StringComparison.Ordinal)));
        Assert.Null(ReasonOf("fs/inode.c", "evict"));
    }

    private static string? ReasonOf(string file, string function)
        => file.EndsWith(".h", StringComparison.Ordinal) ? "inline in a header"
            : Array.Exists(CompiledOut, c => file.StartsWith(c, StringComparison.Ordinal)) ? "the kernel may have been built without it"
            : Inlined.Contains(function) ? "static, and inlined"
            : Array.Find(Others, o => o.Function == function).Reason;

    private static IEnumerable<(string File, string Function)> Sources()
        => File.ReadLines(Path.Combine(KernelMapTests.Root(), "docs", "KERNEL-MAP.md")).Select(l => l.Split('|', StringSplitOptions.TrimEntries))
            .Where(c => c.Length > 3 && c[2].StartsWith('`')).Select(c => (c[1], c[2].Trim('`'))).Distinct();

    // The list was read on a 6.18: other releases have other functions, and not all may ask.
    private sealed class KallsymsFactAttribute : FactAttribute
    {
        public KallsymsFactAttribute() => Skip = Refusal();

        private static string? Refusal()
        {
            if (Environment.GetEnvironmentVariable("CONFORM") == "off")
                return "CONFORM=off";
            if (!OperatingSystem.IsLinux() || !File.Exists(Symbols))
                return "no /proc/kallsyms";
            if (KernelVersion.Of(KernelLeg.Release).Modelled?.Name != "v6.18")
                return $"Linux {KernelLeg.Release} has other functions than the 6.18 that the exceptions were read on";
            return File.ReadLines(Symbols).Any(l => l.EndsWith(" iput", StringComparison.Ordinal)) ? null : "/proc/kallsyms shows no names";
        }
    }
}
