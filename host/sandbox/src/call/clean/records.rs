//! Every text of every record. The patterns name all fields, so that a new one is not forgotten.

use headcount_model::{Application, Asset, Grant, Group, License, Records, Role, User};

/// Shows each text, ids included, to `text`, which may change it.
pub(super) fn of_records(records: &mut Records, text: &impl Fn(&mut String)) {
    let Records { users, groups, roles, applications, licenses, assets, grants } = records;
    users.iter_mut().for_each(|user| of_user(user, text));
    groups.iter_mut().for_each(|group| of_group(group, text));
    roles.iter_mut().for_each(|role| of_role(role, text));
    applications.iter_mut().for_each(|application| of_application(application, text));
    licenses.iter_mut().for_each(|license| of_license(license, text));
    assets.iter_mut().for_each(|asset| of_asset(asset, text));
    grants.iter_mut().for_each(|grant| of_grant(grant, text));
}

fn of_user(user: &mut User, text: &impl Fn(&mut String)) {
    let User {
        id,
        status: _,
        account_type: _,
        user_name,
        email,
        aliases,
        display_name,
        given_name,
        family_name,
        external_id,
        employee_number,
        manager_id,
        title,
        department,
        administrator: _,
        mfa: _,
        created_at: _,
        updated_at: _,
        last_seen_at: _,
        attributes,
    } = user;
    text(id);
    aliases.iter_mut().for_each(text);
    let names = [user_name, email, display_name, given_name, family_name];
    let others = [external_id, employee_number, manager_id, title, department, attributes];
    names.into_iter().chain(others).flatten().for_each(text);
}

fn of_group(group: &mut Group, text: &impl Fn(&mut String)) {
    let Group { id, name, category, description, email, attributes } = group;
    [id, name].into_iter().for_each(text);
    [category, description, email, attributes].into_iter().flatten().for_each(text);
}

fn of_role(role: &mut Role, text: &impl Fn(&mut String)) {
    let Role { id, name, description, administrator: _, permissions, attributes } = role;
    [id, name].into_iter().chain(permissions).for_each(text);
    [description, attributes].into_iter().flatten().for_each(text);
}

fn of_application(application: &mut Application, text: &impl Fn(&mut String)) {
    let Application { id, name, protocol, active: _, description, sign_in_url, logo_url, created_at: _, attributes } =
        application;
    [id, name].into_iter().for_each(text);
    [protocol, description, sign_in_url, logo_url, attributes].into_iter().flatten().for_each(text);
}

fn of_license(license: &mut License, text: &impl Fn(&mut String)) {
    let License {
        id,
        product_id,
        product_name,
        quantity: _,
        state: _,
        trial: _,
        assignable: _,
        transferable: _,
        auto_renews: _,
        subscription,
        group_id,
        valid_until: _,
        assigned_at: _,
        last_used_at: _,
        attributes,
    } = license;
    [id, product_id, product_name].into_iter().for_each(text);
    [subscription, group_id, attributes].into_iter().flatten().for_each(text);
}

fn of_asset(asset: &mut Asset, text: &impl Fn(&mut String)) {
    let Asset { id, name, category, last_used_at: _, attributes } = asset;
    [id, name, category].into_iter().chain(attributes).for_each(text);
}

/// Those of a grant.
pub(super) fn of_grant(grant: &mut Grant, text: &impl Fn(&mut String)) {
    let Grant { principal, target, via, role, assigned_at: _, expires_at: _, last_used_at: _, attributes } = grant;
    [&mut principal.id, &mut target.id].into_iter().for_each(text);
    via.iter_mut().map(|via| &mut via.id).for_each(text);
    [role, attributes].into_iter().flatten().for_each(text);
}
