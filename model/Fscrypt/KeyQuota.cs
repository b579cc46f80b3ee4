using System.Globalization;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.Fscrypt;

/// <summary>
/// security/keys/key.c: how much a user may have in the keys service. Each claim on a master key is a key there, which is charged
/// to who made it. Nobody holds a user's lock over a step, so that charging him is part of the step that it happens in.
/// </summary>
/// <remarks>In the kernel a claim's charge goes when the last reference on its key is put, a grace period after it was unlinked.</remarks>
public sealed class KeyQuota : KernelObject
{
    private readonly Users users;
    private readonly Slab<KeyUser> slab;

    internal KeyQuota(KernelHost host, Users users)
        : base(host)
    {
        this.users = users;
        slab = new Slab<KeyUser>(host, h => new KeyUser(h));
        KeysMax.Value = 200;
        BytesMax.Value = 20_000;
    }

    /// <summary>/proc/sys/kernel/keys/maxkeys: for all but root.</summary>
    [KernelName("maxkeys")]
    public Note<int> KeysMax;

    /// <summary>/proc/sys/kernel/keys/maxbytes: for all but root.</summary>
    [KernelName("maxbytes")]
    public Note<int> BytesMax;

    public override string Name => "key quota";

    /// <summary>Changes what all but root may have.</summary>
    internal void Limit(bool ofKeys, int limit)
    {
        if (ofKeys)
            KeysMax.Value = limit;
        else
            BytesMax.Value = limit;
    }

    /// <summary>Charges a user for a key, if he may have it.</summary>
    /// <returns>EDQUOT if not.</returns>
    [KernelSource("security/keys/key.c", "key_alloc", Omits = "all but the quota; a key's description and its payload are charged at once")]
    internal Errno Charge(int user, int bytes)
    {
        const int RootKeysMax = 1_000_000;
        const int RootBytesMax = 25_000_000;
        var (keysMax, bytesMax) = user == 0 ? (RootKeysMax, RootBytesMax) : (KeysMax.Value, BytesMax.Value);
        var account = Of(user);
        if (account.Keys.Value + 1 > keysMax || account.Bytes.Value + bytes > bytesMax)
            return Errno.EDQUOT;
        account.Keys.Value++;
        account.Bytes.Value += bytes;
        return Errno.OK;
    }

    /// <summary>Charges a user for a claim on a master key: its description is the identifier and his number, its payload the longest key.</summary>
    internal Errno ChargeClaim(int user) => Charge(user, BytesOfClaim(user));

    /// <summary>The end of that.</summary>
    internal void ReleaseClaim(int user) => Release(user, BytesOfClaim(user));

    /// <summary>A claim whose charge goes later.</summary>
    internal void Owe(int user) => Of(user).Owed.Value++;

    /// <summary>The end of the charges of all claims that are gone.</summary>
    internal void ReleaseOwed()
    {
        foreach (var known in slab.Objects)
        {
            for (; known.Owed.Value > 0; known.Owed.Value--)
                ReleaseClaim(known.Number.Value);
        }
    }

    /// <summary>The end of a charge.</summary>
    [KernelSource("security/keys/key.c", "key_put", Omits = "all but the quota")]
    internal void Release(int user, int bytes)
    {
        var account = Of(user);
        account.Keys.Value--;
        account.Bytes.Value -= bytes;
        Invariant.Holds(account.Keys.Value >= 0 && account.Bytes.Value >= 0, "what is released was charged");
    }

    private int BytesOfClaim(int user)
    {
        const int Identifier = 2 * KeyIdentities.IdentifierSize;
        const int Uid = 5;                                         // ".uid."
        return Identifier + Uid + Digits(users.IdOf(user)) + 1 + KeyIdentities.RawSizeMax;
    }

    private static int Digits(uint number)
    {
        var digits = 1;
        for (; number > 9; number /= 10)
            digits++;
        return digits;
    }

    [KernelSource("security/keys/key.c", "key_user_lookup")]
    private KeyUser Of(int user)
    {
        foreach (var known in slab.Objects)
        {
            if (known.Number.Value == user)
                return known;
        }

        var made = slab.Allocate();
        made.Number.Value = user;
        return made;
    }

    /// <summary>struct key_user.</summary>
    private sealed class KeyUser(KernelHost host) : KernelObject(host)
    {
        [KernelName("uid")]
        public Note<int> Number;

        [KernelName("qnkeys")]
        public Note<int> Keys;

        [KernelName("qnbytes")]
        public Note<int> Bytes;

        [KernelName("claims that are not put yet")]
        public Note<int> Owed;

        public override string Name => string.Create(CultureInfo.InvariantCulture, $"key_user:{Number.Value}");
    }
}
