//! Device nodes and device interfaces, as SetupAPI lists them.
// UNSAFETY: calls of SetupAPI and the configuration manager.
#![expect(unsafe_code, reason = "wraps SetupAPI, newdev and cfgmgr32")]

use crate::{setup_error, wide};
use std::ffi::OsString;
use std::io;
use std::os::windows::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::ptr;
use windows_sys::Win32::Devices::DeviceAndDriverInstallation::{
    CM_Get_DevNode_Status, CM_Query_And_Remove_SubTreeW, CM_REMOVE_NO_RESTART, CM_REMOVE_UI_NOT_OK,
    CR_REMOVE_VETOED, CR_SUCCESS, DI_FUNCTION, DI_NEEDREBOOT, DI_NEEDRESTART, DICD_GENERATE_ID,
    DIF_REGISTERDEVICE, DIF_REMOVE, DIGCF_ALLCLASSES, DIGCF_DEVICEINTERFACE, DIGCF_PRESENT,
    HDEVINFO, INF_STYLE_WIN4, INSTALLFLAG_FORCE, MAX_CLASS_NAME_LEN, SETUP_DI_GET_CLASS_DEVS_FLAGS,
    SETUP_DI_REGISTRY_PROPERTY, SP_DEVICE_INTERFACE_DATA, SP_DEVICE_INTERFACE_DETAIL_DATA_W,
    SP_DEVINFO_DATA, SP_DEVINSTALL_PARAMS_W, SPDRP_HARDWAREID, SPDRP_SERVICE, SPINT_ACTIVE,
    SetupCloseInfFile, SetupDiCallClassInstaller, SetupDiCreateDeviceInfoList,
    SetupDiCreateDeviceInfoW, SetupDiDestroyDeviceInfoList, SetupDiEnumDeviceInfo,
    SetupDiEnumDeviceInterfaces, SetupDiGetClassDevsW, SetupDiGetDeviceInstallParamsW,
    SetupDiGetDeviceInterfaceDetailW, SetupDiGetDeviceRegistryPropertyW, SetupDiGetINFClassW,
    SetupDiSetDeviceRegistryPropertyW, SetupOpenInfFileW, UpdateDriverForPlugAndPlayDevicesW,
};
use windows_sys::Win32::Foundation::{FALSE, TRUE};
use windows_sys::core::{BOOL, GUID};

/// Bytes of the longest property or device path that is read.
const BUFFER: u32 = 4096;

/// A set of device nodes, or of device interfaces.
#[derive(Debug)]
pub struct DeviceSet(HDEVINFO);

/// One device node of a set.
pub struct Node<'s> {
    set: &'s DeviceSet,
    data: SP_DEVINFO_DATA,
}

/// The class of the devices that an INF installs: its GUID and its name.
pub struct InfClass {
    guid: GUID,
    name: Vec<u16>,
}

impl DeviceSet {
    /// All device nodes the machine knows, present or not.
    ///
    /// # Errors
    /// SetupAPI refused.
    pub fn all() -> io::Result<Self> {
        Self::listed(None, DIGCF_ALLCLASSES)
    }

    /// The devices that have an interface of a class.
    ///
    /// # Errors
    /// SetupAPI refused.
    pub fn with_interface(class: &GUID) -> io::Result<Self> {
        Self::listed(Some(class), DIGCF_PRESENT | DIGCF_DEVICEINTERFACE)
    }

    /// An empty set for nodes of a class.
    ///
    /// # Errors
    /// SetupAPI refused.
    pub fn empty(class: &InfClass) -> io::Result<Self> {
        // SAFETY: the GUID is borrowed until the call returns; there is no parent window.
        Self::checked(unsafe {
            SetupDiCreateDeviceInfoList(&raw const class.guid, ptr::null_mut())
        })
    }

    fn listed(class: Option<&GUID>, flags: SETUP_DI_GET_CLASS_DEVS_FLAGS) -> io::Result<Self> {
        let class = class.map_or(ptr::null(), ptr::from_ref);
        // SAFETY: the GUID is borrowed until the call returns, or null for all classes; there is
        // no enumerator and no parent window.
        Self::checked(unsafe { SetupDiGetClassDevsW(class, ptr::null(), ptr::null_mut(), flags) })
    }

    fn checked(set: HDEVINFO) -> io::Result<Self> {
        const INVALID: HDEVINFO = -1;
        if set == INVALID {
            Err(last_error())
        } else {
            Ok(Self(set))
        }
    }

    /// The nodes of the set.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        (0..).map_while(|index| {
            let mut data = device_data();
            // SAFETY: the set is open, and `data` says its own size.
            let found = unsafe { SetupDiEnumDeviceInfo(self.0, index, &raw mut data) };
            (found != FALSE).then_some(Node { set: self, data })
        })
    }

    /// The paths of the active interfaces of a class.
    pub fn interfaces<'s>(&'s self, class: &'s GUID) -> impl Iterator<Item = PathBuf> + 's {
        (0..)
            .map_while(|index| {
                let mut data = SP_DEVICE_INTERFACE_DATA {
                    cbSize: size_of_u32::<SP_DEVICE_INTERFACE_DATA>(),
                    ..Default::default()
                };
                // SAFETY: the set is open, the class is borrowed, and `data` says its own size.
                let found = unsafe {
                    SetupDiEnumDeviceInterfaces(self.0, ptr::null(), class, index, &raw mut data)
                };
                (found != FALSE).then_some(data)
            })
            .filter(|data| data.Flags & SPINT_ACTIVE != 0)
            .filter_map(|data| self.path(&data))
    }

    /// The path of an interface.
    fn path(&self, data: &SP_DEVICE_INTERFACE_DATA) -> Option<PathBuf> {
        const HEADER: usize = std::mem::offset_of!(SP_DEVICE_INTERFACE_DETAIL_DATA_W, DevicePath);
        // 32-bit units are aligned as the structure must be.
        let mut buffer = vec![0_u32; BUFFER as usize / 4];
        *buffer.first_mut()? = size_of_u32::<SP_DEVICE_INTERFACE_DETAIL_DATA_W>();
        // SAFETY: the set is open, `data` is of it, and the buffer is as long as is said and begins
        // with the size of the structure's fixed part.
        let found = unsafe {
            SetupDiGetDeviceInterfaceDetailW(
                self.0,
                data,
                buffer.as_mut_ptr().cast(),
                BUFFER,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        let bytes: Vec<u8> = buffer.into_iter().flat_map(u32::to_le_bytes).collect();
        let units = wide::units(bytes.get(HEADER..)?);
        let length = units.iter().position(|unit| *unit == 0)?;
        (found != FALSE).then(|| OsString::from_wide(units.get(..length).unwrap_or(&units)).into())
    }

    /// Makes a node of a class with a hardware id, and tells the Plug and Play manager of it.
    ///
    /// # Errors
    /// SetupAPI refused. No node is left then.
    pub fn create(&self, class: &InfClass, hardware_id: &str) -> io::Result<Node<'_>> {
        let mut data = device_data();
        // SAFETY: the set is open, the name is terminated and borrowed, and `data` says its size.
        succeeded(unsafe {
            SetupDiCreateDeviceInfoW(
                self.0,
                class.name.as_ptr(),
                &raw const class.guid,
                ptr::null(),
                ptr::null_mut(),
                DICD_GENERATE_ID,
                &raw mut data,
            )
        })?;
        let mut node = Node { set: self, data };
        node.set_hardware_id(hardware_id)?;
        node.install_function(DIF_REGISTERDEVICE)?;
        Ok(node)
    }
}

impl Drop for DeviceSet {
    fn drop(&mut self) {
        // SAFETY: the set is open, and nothing that borrows it is left.
        unsafe { SetupDiDestroyDeviceInfoList(self.0) };
    }
}

impl Node<'_> {
    /// Its hardware ids.
    #[must_use]
    pub fn hardware_ids(&self) -> Vec<String> {
        self.property(SPDRP_HARDWAREID)
    }

    /// The service of its function driver, if it has one.
    #[must_use]
    pub fn service(&self) -> Option<String> {
        self.property(SPDRP_SERVICE).into_iter().next()
    }

    /// Its problem code, `CM_PROB_*`; 0 if it has none or is not known to the configuration
    /// manager.
    #[must_use]
    pub fn problem(&self) -> u32 {
        let (mut status, mut problem) = (0, 0);
        // SAFETY: both pointers are to variables.
        let result = unsafe {
            CM_Get_DevNode_Status(&raw mut status, &raw mut problem, self.data.DevInst, 0)
        };
        if result == CR_SUCCESS { problem } else { 0 }
    }

    /// Asks drivers and programs whether the node may go, and stops its device if so. False if
    /// somebody said no. Wine lacks the function.
    #[must_use]
    pub fn query_and_stop(&self) -> bool {
        let flags = CM_REMOVE_UI_NOT_OK | CM_REMOVE_NO_RESTART;
        let mut veto = 0;
        let node = self.data.DevInst;
        // SAFETY: the veto's kind goes into a variable, and its name is not asked for.
        let result =
            unsafe { CM_Query_And_Remove_SubTreeW(node, &raw mut veto, ptr::null_mut(), 0, flags) };
        // Other errors are left for the removal itself to report.
        result != CR_REMOVE_VETOED
    }

    /// Removes the node. True if that takes effect only after a restart.
    ///
    /// # Errors
    /// SetupAPI refused.
    pub fn remove(&self) -> io::Result<bool> {
        self.install_function(DIF_REMOVE)?;
        let mut parameters = SP_DEVINSTALL_PARAMS_W {
            cbSize: size_of_u32::<SP_DEVINSTALL_PARAMS_W>(),
            ..Default::default()
        };
        // SAFETY: the set is open, the node is of it, and `parameters` says its own size.
        let read = unsafe {
            SetupDiGetDeviceInstallParamsW(self.set.0, &raw const self.data, &raw mut parameters)
        };
        Ok(read != FALSE && parameters.Flags & (DI_NEEDREBOOT | DI_NEEDRESTART) != 0)
    }

    fn install_function(&self, function: DI_FUNCTION) -> io::Result<()> {
        // SAFETY: the set is open, and the node is of it.
        succeeded(unsafe { SetupDiCallClassInstaller(function, self.set.0, &raw const self.data) })
    }

    fn set_hardware_id(&mut self, hardware_id: &str) -> io::Result<()> {
        let list: Vec<u8> = wide::multi(&[hardware_id])
            .into_iter()
            .flat_map(u16::to_le_bytes)
            .collect();
        let length = u32::try_from(list.len()).unwrap_or(0);
        // SAFETY: the set is open, the node is of it, and the list is as long as is said.
        succeeded(unsafe {
            SetupDiSetDeviceRegistryPropertyW(
                self.set.0,
                &raw mut self.data,
                SPDRP_HARDWAREID,
                list.as_ptr(),
                length,
            )
        })
    }

    /// A property that consists of strings; empty if the node does not have it.
    fn property(&self, property: SETUP_DI_REGISTRY_PROPERTY) -> Vec<String> {
        let mut bytes = vec![0_u8; BUFFER as usize];
        let mut length = 0;
        // SAFETY: the set is open, the node is of it, and the buffer is as long as is said.
        let found = unsafe {
            SetupDiGetDeviceRegistryPropertyW(
                self.set.0,
                &raw const self.data,
                property,
                ptr::null_mut(),
                bytes.as_mut_ptr(),
                BUFFER,
                &raw mut length,
            )
        };
        let used = if found == FALSE {
            0
        } else {
            (length as usize).min(bytes.len())
        };
        wide::strings(&wide::units(bytes.get(..used).unwrap_or(&[])))
    }
}

/// Reads an INF, which the functions that only want a part of it do not do as thoroughly.
///
/// # Errors
/// SetupAPI cannot read it: why, and in which line.
fn check_inf(path: &[u16]) -> io::Result<()> {
    const INVALID: usize = usize::MAX;
    let mut line = 0;
    // SAFETY: the path is terminated and borrowed; an INF of any class is opened; the line goes into a
    // variable.
    let inf =
        unsafe { SetupOpenInfFileW(path.as_ptr(), ptr::null(), INF_STYLE_WIN4, &raw mut line) };
    if inf.addr() == INVALID {
        let error = last_error();
        return Err(match line {
            0 => error,
            _ => io::Error::other(format!("line {line}: {error}")),
        });
    }
    // SAFETY: opened above, and not used again.
    unsafe { SetupCloseInfFile(inf) };
    Ok(())
}

/// The class of the devices that an INF installs.
///
/// # Errors
/// SetupAPI cannot read the INF.
pub fn inf_class(inf: &Path) -> io::Result<InfClass> {
    let mut class = InfClass {
        guid: GUID::from_u128(0),
        name: vec![0; MAX_CLASS_NAME_LEN as usize],
    };
    let path = path_units(inf);
    check_inf(&path)?;
    // SAFETY: the path is terminated and borrowed, and the name has room for as much as is said.
    succeeded(unsafe {
        SetupDiGetINFClassW(
            path.as_ptr(),
            &raw mut class.guid,
            class.name.as_mut_ptr(),
            MAX_CLASS_NAME_LEN,
            ptr::null_mut(),
        )
    })?;
    Ok(class)
}

/// Installs the driver of an INF for every device with a hardware id. True if that takes effect
/// only after a restart.
///
/// # Errors
/// Windows refused.
pub fn update_driver(inf: &Path, hardware_id: &str) -> io::Result<bool> {
    let path = path_units(inf);
    let hardware_id = wide::terminated(hardware_id);
    let mut restart = FALSE;
    // SAFETY: both strings are terminated and borrowed until the call returns.
    succeeded(unsafe {
        UpdateDriverForPlugAndPlayDevicesW(
            ptr::null_mut(),
            hardware_id.as_ptr(),
            path.as_ptr(),
            INSTALLFLAG_FORCE,
            &raw mut restart,
        )
    })?;
    Ok(restart == TRUE)
}

fn path_units(path: &Path) -> Vec<u16> {
    path.as_os_str().encode_wide().chain([0]).collect()
}

fn device_data() -> SP_DEVINFO_DATA {
    SP_DEVINFO_DATA {
        cbSize: size_of_u32::<SP_DEVINFO_DATA>(),
        ..Default::default()
    }
}

fn size_of_u32<T>() -> u32 {
    const { assert!(size_of::<T>() <= u32::MAX as usize) };
    #[expect(clippy::cast_possible_truncation, reason = "asserted above")]
    {
        size_of::<T>() as u32
    }
}

/// What the last function that failed has to say, in words that can be read.
fn last_error() -> io::Error {
    setup_error::explained(io::Error::last_os_error())
}

fn succeeded(result: BOOL) -> io::Result<()> {
    if result == FALSE {
        Err(last_error())
    } else {
        Ok(())
    }
}
